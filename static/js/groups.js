/* 党小组随所选的党支部列出。没有脚本时，各支部的党小组按支部分列，选错了会提示。 */
(() => {
  for (const groups of document.querySelectorAll("select[data-follows]")) {
    const branch = document.getElementById(groups.dataset.follows);
    if (!branch) continue;
    const all = [...groups.querySelectorAll("optgroup")];
    const follow = () => {
      const name = branch.value ? branch.selectedOptions[0].textContent.trim() : "";
      const kept = groups.value;
      for (const part of all) part.remove();
      for (const part of all) if (part.label === name) groups.append(part);
      groups.value = kept;
      if (groups.selectedIndex < 0) groups.value = "";
    };
    branch.addEventListener("change", follow);
    window.addEventListener("pageshow", follow);
    follow();
  }
})();
