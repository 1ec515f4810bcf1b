// Looks each second for what changed, and leaves open what was opened.
const live = document.getElementById("live");
const said = (text) => {
  let line = document.querySelector(".said");
  if (!line) {
    line = Object.assign(document.createElement("p"), { className: "said" });
    document.querySelector("main").before(line);
  }
  line.textContent = text;
};
const folds = () => [...live.querySelectorAll("details")];
const name = (fold) => fold.querySelector("summary")?.textContent;
let shown;

async function look() {
  try {
    const answer = await fetch(location.pathname + "?live", { cache: "no-store" });
    const text = await answer.text();
    if (answer.ok && text !== shown) {
      const open = new Map(folds().map((fold) => [name(fold), fold.open]));
      live.innerHTML = shown = text;
      for (const fold of folds()) if (open.has(name(fold))) fold.open = open.get(name(fold));
    }
  } catch {
    said("The demo has ended: start bin/demo again.");
  }
}
setInterval(look, 1000);

live.addEventListener("change", async (event) => {
  if (!event.target.matches("input.task")) return;
  const { comment, version } = event.target.closest("[data-comment]").dataset;
  const { checked, dataset } = event.target;
  const body = new URLSearchParams({ comment, version, line: dataset.line, ticked: checked });
  const answer = await fetch(live.dataset.url + "/tick", { method: "POST", body });
  if (!answer.ok) said(await answer.text());
  shown = null;
  look();
});

for (const hint of document.querySelectorAll("[data-say]")) {
  hint.addEventListener("click", () => {
    const field = document.getElementById("body");
    field.value = hint.dataset.say;
    field.focus();
  });
}
