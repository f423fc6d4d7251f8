/* 再加一行：先露出备好的空行，用完再复制最后一行。没有脚本时，由服务器加行。 */
(() => {
  const MOST = 60;
  document.addEventListener("click", (event) => {
    const more = event.target.closest?.("[data-more]");
    if (!more) return;
    event.preventDefault();
    const name = more.dataset.more;
    const list = document.getElementById(`rows-${name}`);
    let row = list.querySelector(".row-edit.is-spare");
    if (!row) {
      const n = list.children.length;
      if (n >= MOST) return;
      row = list.lastElementChild.cloneNode(true);
      for (const node of row.querySelectorAll("[id], [for], [name]")) {
        for (const key of ["id", "for", "name"]) {
          const value = node.getAttribute(key);
          if (value) node.setAttribute(key, value.replace(`${name}-${n - 1}-`, `${name}-${n}-`));
        }
      }
      for (const node of row.querySelectorAll("input, textarea, select")) {
        node.value = "";
        node.classList.remove("is-invalid");
      }
      for (const node of row.querySelectorAll(".invalid-feedback")) node.remove();
      list.append(row);
      more.form.elements[`${name}-count`].value = n + 1;
    }
    row.classList.remove("is-spare");
    row.querySelector("input, textarea, select").focus();
  });
  /* 换类型或日期后名单更新，打开着的各栏仍然打开。 */
  let open = [];
  document.addEventListener("htmx:beforeSwap", () => { open = [...document.querySelectorAll(".fold[open]")].map((fold) => fold.id); });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    open = [];
  });
})();
