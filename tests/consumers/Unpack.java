import java.io.*;
import java.nio.file.*;
import java.security.MessageDigest;
import java.util.zip.*;

/** Unpack zips with java.util.zip: one path for each line of input, as `jar xf` reads it. */
class Unpack {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            StringBuilder found = new StringBuilder();
            String error = "";
            try (ZipFile zip = new ZipFile(line)) {
                for (ZipEntry entry : zip.stream().toArray(ZipEntry[]::new)) {
                    if (entry.isDirectory()) continue;
                    byte[] data = zip.getInputStream(entry).readAllBytes();
                    if (found.length() > 0) found.append(",");
                    found.append(quoted(entry.getName())).append(":").append(quoted(hash(data)));
                }
            } catch (Exception problem) {
                error = problem.toString();
            }
            System.out.println("{\"error\":" + quoted(error) + ",\"files\":{" + found + "}}");
            System.out.flush();
        }
    }

    static String hash(byte[] data) throws Exception {
        StringBuilder out = new StringBuilder();
        for (byte b : MessageDigest.getInstance("SHA-256").digest(data))
            out.append(String.format("%02x", b));
        return out.toString();
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray())
            if (c < 32 || c > 126 || c == '"' || c == '\\') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        return out.append("\"").toString();
    }
}
