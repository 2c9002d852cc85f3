// Shows a report, and offers it in each format.
//
// The report is the page that `--format html` writes. Texts of the package are escaped in it; the
// frame that shows it runs no script.

const TYPES = { html: "text/html", json: "application/json", sarif: "application/sarif+json" };

/** The address of the site in the links of reports, and where it really is. */
const site = new URL("../", import.meta.url).href;
const published = /** @type {HTMLLinkElement | null} */ (
  document.querySelector('link[rel="canonical"]')
)?.href.replace(/tools\/check\/$/, "");

export class Reports {
  /** @type {string[]} */ #addresses = [];

  /** @param {HTMLElement} place the section with the command, the downloads and the frame */
  constructor(place) {
    this.place = place;
    this.frame = /** @type {HTMLIFrameElement} */ (place.querySelector("iframe"));
    this.frame.addEventListener("load", () => this.#settle());
    this.#follow();
  }

  /**
   * @param {Object<string, string>} reports by format
   * @param {string} command what does the same in a terminal
   * @param {string} name of what was linted
   */
  show(reports, command, name) {
    this.hide();
    for (const [form, text] of Object.entries(reports)) this.#offer(form, text, name);
    /** @type {HTMLElement} */ (this.place.querySelector("code")).textContent = command;
    this.frame.title = `Report about ${name}`;
    this.frame.srcdoc = reports.html;
    this.place.hidden = false;
  }

  hide() {
    this.place.hidden = true;
    this.frame.srcdoc = "";
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
    this.#addresses = [];
  }

  #offer(form, text, name) {
    const address = URL.createObjectURL(new Blob([text], { type: TYPES[form] }));
    this.#addresses.push(address);
    const link = /** @type {HTMLAnchorElement} */ (this.place.querySelector(`#${form}`));
    link.href = address;
    link.download = `${name.replace(/\.zip$/i, "")}-report.${form}`;
  }

  /** Make the frame as high as its content, and let its links open pages of this site. */
  #settle() {
    const inside = this.frame.contentDocument;
    if (!inside?.body) return;
    for (const link of inside.querySelectorAll("a")) {
      if (link.getAttribute("href")?.startsWith("#")) continue;
      if (published && link.href.startsWith(published)) {
        link.href = site + link.href.slice(published.length);
      }
      link.target = "_blank";
      link.rel = "noopener noreferrer";
    }
    const fit = () => {
      this.frame.style.height = `${Math.ceil(inside.body.getBoundingClientRect().height)}px`;
    };
    new ResizeObserver(fit).observe(inside.body);
  }

  /** Show it light or dark, as the site is. */
  #follow() {
    const adopt = () => {
      const { mdColorScheme } = document.body.dataset;
      this.frame.style.colorScheme = mdColorScheme === "slate" ? "dark" : "light";
    };
    adopt();
    new MutationObserver(adopt).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }
}
