// Compiles the Python code of the pages with the Python that they run, so that a browser need not:
// node docs/compile.mjs PYODIDE CODE FOLDER
//
// What the pages import at their start is compiled; the rest stays as source, which is smaller. The
// standard library, as PYODIDE has it, and the CODE, a zip, become two zips in the FOLDER.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

process.on("uncaughtException", ({ message }) => {
  console.error(message.trim().split("\n").at(-1)); // of Python's traceback, what went wrong
  process.exit(1);
});

const [pyodide, code, folder] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")).href);
// The same code has the same bytes, whatever order a set has.
const python = await loadPyodide({ indexURL: pyodide, env: { PYTHONHASHSEED: "0" } });
python.FS.writeFile("/code.zip", readFileSync(code));
python.FS.writeFile("/stdlib.zip", readFileSync(join(pyodide, "python_stdlib.zip")));
python.runPython(`
import shutil, sys
from importlib.util import source_hash
from importlib._bootstrap_external import _code_to_hash_pyc
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

shutil.unpack_archive("/code.zip", "/code")
sys.path.insert(0, "/code")
from model_template import check, name

check.prepare()
name.prepare()
imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}

def compiled(path, places):
    with ZipFile(path) as source, ZipFile(f"{path}.compiled", "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if f"{places}/{name}" in imported:
                module = compile(data, name, "exec", dont_inherit=True)
                data = _code_to_hash_pyc(module, source_hash(data), checked=False)
                name += "c"
            if not name.endswith("/"):
                target.writestr(ZipInfo(name), data, ZIP_DEFLATED)

compiled("/code.zip", "/code")
compiled("/stdlib.zip", next(path for path in sys.path if path.endswith(".zip")))
`);
writeFileSync(join(folder, basename(code)), python.FS.readFile("/code.zip.compiled"));
writeFileSync(join(folder, "python_stdlib.zip"), python.FS.readFile("/stdlib.zip.compiled"));
