"use strict";
// Text goes into the page as text only; what comes out of messages is never read as markup.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const at = (id) => document.getElementById(id);
  const spanish = JSON.parse(at("spanish").textContent);
  const list = at("list");
  const cards = list ? all(".finding", list) : [];
  const total = list ? Number(list.dataset.total) : 0;
  // Where scripts run, the markup in `noscript` is one text to the browser, which opens the page so much the sooner.
  const packed = list ? all("noscript", list) : [];
  const gravity = ["solicitation", "personal-contact", "open-notice", "handover", "client-list", "contact-data", "match"];
  let language = "en";
  let texts = null;
  // Findings that fit the filters, in their order; the first of them are shown.
  const STEP = 50;
  let fitting = cards;
  let most = STEP;
  const spoken = new Map();

  const translated = (english, filled) => {
    const words = english.split(" · ").map((part) => (language === "es" && spanish[part]) || part).join(" · ");
    return filled === undefined ? words : words.replace("#", () => filled);
  };
  const grouped = (number) => Number(number).toLocaleString(language);

  // The markup is English; the first translation remembers it.
  const say = (elements) => {
    for (const element of elements) {
      if (!element.dataset.t) element.dataset.t = element.textContent;
      element.textContent = translated(element.dataset.t, element.dataset.n);
    }
  };

  // A card is translated when it is shown, or searched.
  const speak = (card) => {
    if ((spoken.get(card) || "en") === language) return;
    spoken.set(card, language);
    say(all("[data-t]", card));
  };

  const state = (words) => {
    const element = document.createElement("span");
    element.className = "state";
    element.dataset.t = words;
    element.textContent = translated(words);
    return element;
  };

  // A query's ladder stands in the page once; a card knows which rung of it holds. What is above does not, and what is below was not asked.
  const climb = (card) => {
    const ladder = card.querySelector(".ladder");
    if (!ladder || ladder.querySelector("ol")) return;
    const holding = Number(ladder.dataset.rung) - 1;
    const rungs = at("ladder-" + ladder.dataset.ladder).cloneNode(true);
    rungs.removeAttribute("id");
    Array.from(rungs.children).forEach((rung, place) => {
      if (place === holding) rung.className = "holds";
      const above = place < holding ? state("does not hold") : state("not asked");
      rung.prepend(place === holding ? state("holds") : above, " ");
    });
    ladder.lastElementChild.replaceWith(rungs);
  };

  const translate = () => {
    document.documentElement.lang = language;
    say(all("[data-t]:not(.finding *)"));
    const button = at("language");
    button.textContent = language === "es" ? "English" : "Español";
    button.lang = language === "es" ? "en" : "es";
    texts = null;
    number();
    if (list) filter();
  };

  const number = () => {
    for (const element of all("[data-v]")) element.textContent = grouped(element.dataset.v);
  };

  // The page's own markup, its texts escaped as in every other card.
  const unpack = (count) => {
    while (packed.length && cards.length < count) {
      const holder = document.createElement("template");
      holder.innerHTML = packed.shift().textContent;
      cards.push(...all(".finding", holder.content));
    }
  };

  const show = () => {
    unpack(most);
    const shown = fitting.slice(0, most);
    shown.forEach(climb);
    shown.forEach(speak);
    list.replaceChildren(...shown);
    const fits = fitting === cards ? total : fitting.length;
    const rest = fits - shown.length;
    at("rest").hidden = rest === 0;
    at("more").dataset.n = Math.min(STEP, rest);
    say([at("more")]);
    const parts = [translated("# findings shown", grouped(shown.length))];
    if (rest > 0) parts.push(translated("of #", grouped(fits)));
    if (fits < total) parts.push(translated("in all #", grouped(total)));
    at("count").textContent = parts.join(", ");
  };

  // Letters count without their accents and case.
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // Without the ladder, of which every card of a query says the same.
  const own = (card) => Array.from(card.children, (part) => (part.className === "ladder" ? "" : part.textContent)).join(" ");

  const orders = {
    verdict: (a, b) => gravity.indexOf(a.dataset.verdict) - gravity.indexOf(b.dataset.verdict),
    newest: (a, b) => (a.dataset.sent < b.dataset.sent) - (a.dataset.sent > b.dataset.sent),
    oldest: (a, b) => (a.dataset.sent > b.dataset.sent) - (a.dataset.sent < b.dataset.sent),
    clients: (a, b) => b.dataset.clients - a.dataset.clients,
  };

  const filter = () => {
    const words = folded(at("search").value).split(/\s+/).filter(Boolean);
    const wanted = ["verdict", "custodian", "change"].map((name) => [name, at(name).value]).filter(([, value]) => value);
    const review = at("review").value;
    const order = orders[at("sort").value];
    const asked = words.length || wanted.length || review || order;
    if (asked) unpack(total);
    if (words.length && !texts) {
      cards.forEach(speak);
      texts = new Map(cards.map((card) => [card, folded(own(card) + " " + card.id)]));
    }
    const fits = (card) =>
      wanted.every(([name, value]) => card.dataset[name] === value) &&
      (!review || (card.dataset.review || "none") === review) &&
      words.every((word) => texts.get(card).includes(word));
    fitting = asked ? cards.filter(fits) : cards;
    if (order) fitting.sort(order);
    most = STEP;
    show();
  };

  // A finding that the address names is shown, whatever stands before it.
  const lead = () => {
    const named = location.hash.slice(1);
    if (!named.startsWith("f-")) return;
    unpack(total);
    const place = fitting.findIndex((card) => card.id === named);
    if (place < 0) return;
    most = Math.max(most, place + 1);
    show();
    fitting[place].scrollIntoView();
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
    controls.addEventListener("change", filter);
    at("search").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 150);
    });
    // The fields are empty only after the event.
    controls.addEventListener("reset", () => setTimeout(filter));
    at("more").addEventListener("click", () => {
      const next = most;
      most += STEP;
      show();
      const heading = fitting[next].querySelector("h3");
      heading.tabIndex = -1;
      heading.focus();
    });
    window.addEventListener("hashchange", lead);
    at("print").addEventListener("click", () => window.print());
    for (const link of all("a[data-custodian]")) {
      link.addEventListener("click", () => {
        at("custodian").value = link.dataset.custodian;
        filter();
      });
    }
    let opened = [];
    let before = STEP;
    window.addEventListener("beforeprint", () => {
      before = most;
      most = total;
      show();
      opened = all(".finding:not([hidden]) details:not([open])");
      for (const details of opened) details.open = true;
    });
    window.addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
      most = before;
      show();
    });
  }

  const preferred = (navigator.languages && navigator.languages[0]) || navigator.language || "en";
  if (/^es\b/i.test(preferred)) {
    language = "es";
    translate();
  } else {
    number();
    if (list) filter();
  }
  if (list) {
    list.classList.add("paged");
    lead();
    // By the time somebody searches, all is there.
    const ahead = () => {
      if (!packed.length) return;
      unpack(cards.length + 1);
      setTimeout(ahead);
    };
    setTimeout(ahead, 1000);
  }
})();
