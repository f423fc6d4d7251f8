/* 评分表的分值：边填边合计。没有脚本时，保存后由服务器合计。 */
(() => {
  const form = document.getElementById("weights");
  const sum = form.querySelector("[data-sum]");
  const cents = (input) => Math.round(Number(input.value.trim()) * 100) || 0;
  const points = (value) => String(value / 100);
  const show = () => {
    const inputs = [...form.querySelectorAll("[data-weight]")];
    const total = inputs.reduce((so, input) => so + cents(input), 0);
    for (const group of form.querySelectorAll("[data-group]")) {
      const mine = inputs.filter((input) => input.dataset.weight === group.dataset.group);
      group.textContent = points(mine.reduce((so, input) => so + cents(input), 0));
    }
    sum.classList.toggle("is-off", total !== 10000);
    sum.querySelector("b").textContent = points(total);
    sum.querySelector("span").textContent = total < 10000 ? `，还差${points(10000 - total)}分` : total > 10000 ? `，多出${points(total - 10000)}分` : "";
  };
  form.addEventListener("input", show);
  show();
})();
