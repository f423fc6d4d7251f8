/* Shared behaviour of all pages: the phone menu, one press per form, password eyes. Pages work without it. */
(() => {
  const menu = document.getElementById("menu");
  const opener = document.querySelector("[data-menu]");
  if (menu && opener) {
    const show = (on) => {
      menu.classList.toggle("is-shown", on);
      opener.setAttribute("aria-expanded", String(on));
      opener.setAttribute("aria-label", on ? "关闭菜单" : "菜单");
    };
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      show(!menu.classList.contains("is-shown"));
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.dataset.busy !== undefined) return;
    const button = event.submitter;
    if (form.method !== "post" || !button || button.dataset.again !== undefined) return;
    setTimeout(() => {
      button.setAttribute("aria-busy", "true");
      button.disabled = true;
    });
    setTimeout(() => {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }, 8000);
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[aria-busy]")) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  });
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
  for (const all of document.querySelectorAll("[data-tick-all]")) {
    const boxes = [...all.form.querySelectorAll(`input[name="${all.dataset.tickAll}"]:not(:disabled)`)];
    const show = () => {
      const on = boxes.filter((box) => box.checked).length;
      all.checked = on > 0 && on === boxes.length;
      all.indeterminate = on > 0 && on < boxes.length;
    };
    all.closest("label").hidden = boxes.length < 2;
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
    });
    all.form.addEventListener("change", show);
    show();
  }
  for (const eye of document.querySelectorAll("[data-eye]")) {
    eye.addEventListener("click", () => {
      const input = eye.parentElement.querySelector("input");
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      eye.setAttribute("aria-label", shown ? "显示密码" : "隐藏密码");
    });
  }
  /* 没能存到服务器的草稿暂留在本标签页（见 kept.js）：退出登录、换人登录或满三十分钟即清除。 */
  const sweep = (keeps) => {
    for (const key of Object.keys(window.sessionStorage)) {
      if (key.startsWith("kept:") && !keeps(key, JSON.parse(window.sessionStorage.getItem(key)))) window.sessionStorage.removeItem(key);
    }
  };
  const user = document.body.dataset.user;
  const fresh = (key, entry) => Date.now() - entry.at < 30 * 60000 && (!user || key.startsWith(`kept:${user}:`));
  sweep(fresh);
  setInterval(() => sweep(fresh), 60000);
  document.addEventListener("submit", (event) => {
    if (/\/logout\/$/.test(event.target.getAttribute("action") || "")) sweep(() => false);
  });
})();
