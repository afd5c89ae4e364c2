"use strict";
const field = document.getElementById("search");
const count = document.getElementById("found");
const articles = [...document.querySelectorAll("article")].map((article) => ({
  article, link: document.querySelector(`nav a[href="#${article.id}"]`).parentElement, text: article.textContent.toLowerCase(),
}));
const groups = [...document.querySelectorAll("main section, nav .group")];
const show = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const one of articles) {
    const is = words.every((word) => one.text.includes(word));
    one.article.hidden = one.link.hidden = !is;
    found += is;
  }
  for (const group of groups) group.hidden = !group.querySelector("article:not([hidden]), li:not([hidden])");
  count.textContent = words.length ? `${found} of ${articles.length}` : "";
};
field.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
  if (event.key === "Escape" && document.activeElement === field) { field.value = ""; show(); }
});
