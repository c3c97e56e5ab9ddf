// What answers the reader: values of the drawing, the guess, the orders of the lighthouse.

const { lighthouse } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

for (const value of document.querySelectorAll("#drawing .value")) {
  for (const event of ["pointerenter", "focus", "click"]) {
    value.addEventListener(event, () => {
      $("said").textContent = value.getAttribute("aria-label");
    });
  }
}

const result = $("guessed");
$("guess").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = (name) => `(your guess: ${$(`guess-${name}`).value})`;
  result.textContent = `${result.dataset.forget} ${said("forget")}, and remembering ${result.dataset.remember} ${said("remember")}.`;
});

for (const radio of document.querySelectorAll("input[name=order]")) {
  radio.addEventListener("change", () => {
    const { products, words } = lighthouse[radio.value];
    $("lighthouse-products").textContent = products;
    $("lighthouse-words").textContent = words;
  });
}
