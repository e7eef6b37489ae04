"use strict";
// Text goes into the page as text only; what comes out of messages is never read as markup.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const at = (id) => document.getElementById(id);
  const spanish = JSON.parse(at("spanish").textContent);
  const list = at("list");
  const cards = list ? all(".finding", list) : [];
  const gravity = ["solicitation", "personal-contact", "open-notice", "handover", "client-list", "contact-data", "match"];
  let language = "en";
  let texts = null;

  const translated = (english, number) => {
    const words = language === "es" ? spanish[english] || english : english;
    return number === undefined ? words : words.replace("#", number);
  };

  // The markup is English; the first translation remembers it.
  const translate = () => {
    document.documentElement.lang = language;
    for (const element of all("[data-t]")) {
      if (!element.dataset.t) element.dataset.t = element.textContent;
      element.textContent = translated(element.dataset.t, element.dataset.n);
    }
    const button = at("language");
    button.textContent = language === "es" ? "English" : "Español";
    button.lang = language === "es" ? "en" : "es";
    texts = null;
    tell();
  };

  const tell = () => {
    if (!list) return;
    const shown = cards.filter((card) => !card.hidden).length;
    at("count").textContent = translated("# findings shown", shown) + (shown < cards.length ? " " + translated("of #", cards.length) : "");
  };

  // Letters count without their accents and case.
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const filter = () => {
    const words = folded(at("search").value).split(/\s+/).filter(Boolean);
    const wanted = ["verdict", "custodian", "change"].map((name) => [name, at(name).value]).filter(([, value]) => value);
    const review = at("review").value;
    if (words.length && !texts) texts = cards.map((card) => folded(card.textContent + " " + card.id));
    cards.forEach((card, index) => {
      const fits =
        wanted.every(([name, value]) => card.dataset[name] === value) &&
        (!review || (card.dataset.review || "none") === review) &&
        words.every((word) => texts[index].includes(word));
      if (card.hidden === fits) card.hidden = !fits;
    });
    tell();
  };

  const orders = {
    verdict: (a, b) => gravity.indexOf(a.dataset.verdict) - gravity.indexOf(b.dataset.verdict),
    newest: (a, b) => (a.dataset.sent < b.dataset.sent) - (a.dataset.sent > b.dataset.sent),
    oldest: (a, b) => (a.dataset.sent > b.dataset.sent) - (a.dataset.sent < b.dataset.sent),
    clients: (a, b) => b.dataset.clients - a.dataset.clients,
  };

  const sort = () => {
    const order = orders[at("sort").value];
    list.replaceChildren(...(order ? cards.slice().sort(order) : cards));
  };

  for (const element of all(".script")) element.hidden = false;
  at("language").addEventListener("click", () => {
    language = language === "es" ? "en" : "es";
    translate();
  });

  if (list) {
    const controls = at("controls");
    let waiting = 0;
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.addEventListener("change", (event) => (event.target.id === "sort" ? sort() : filter()));
    at("search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 150);
    });
    // The fields are empty only after the event.
    controls.addEventListener("reset", () => setTimeout(() => { filter(); sort(); }));
    at("print").addEventListener("click", () => window.print());
    for (const link of all("a[data-custodian]")) {
      link.addEventListener("click", () => {
        at("custodian").value = link.dataset.custodian;
        filter();
      });
    }
    let opened = [];
    window.addEventListener("beforeprint", () => {
      opened = all(".finding:not([hidden]) details:not([open])");
      for (const details of opened) details.open = true;
    });
    window.addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
    });
  }

  const preferred = (navigator.languages && navigator.languages[0]) || navigator.language || "en";
  if (/^es\b/i.test(preferred)) {
    language = "es";
    translate();
  } else {
    tell();
  }
})();
