/* Charts: SVG, plain-text tooltips, colours from the style sheet, data from a JSON block of the page. Each has its table beside it. */
(() => {
  if (!window.echarts) return;
  const css = getComputedStyle(document.documentElement);
  const token = (name) => css.getPropertyValue(name).trim();
  const font = getComputedStyle(document.body).fontFamily;
  const narrow = matchMedia("(max-width: 61.99em)").matches;
  const PALE = "#c9c3ba";
  const text = { color: token("--ink-2"), fontFamily: font, fontSize: 13 };
  const fine = { ...text, color: token("--ink-3"), fontSize: 12 };
  const tip = {
    renderMode: "richText", trigger: "axis", confine: true, padding: [8, 12],
    axisPointer: { type: "shadow", shadowStyle: { color: "rgba(33,30,27,.04)" } },
    backgroundColor: token("--surface"), borderColor: token("--line"),
    textStyle: { color: token("--ink"), fontSize: 13, fontFamily: font },
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const base = { animationDuration: still ? 0 : 300, textStyle: { fontFamily: font }, tooltip: tip };
  /* "30岁及以下" -> "≤30", "31–35岁" -> "31": eight of them stand side by side on a phone */
  const short = (name) => name.replace(/^(\d+).*以下$/, "≤$1").replace(/^(\d+).*以上$/, "≥$1").split("–")[0].replace("党员", "");
  const names = (data, label = {}, more = {}) => ({
    type: "category", data, axisTick: { show: false }, axisLine: { lineStyle: { color: token("--line") } },
    axisLabel: { ...text, ...label }, ...more,
  });
  const values = (more = {}) => ({ type: "value", axisLabel: fine, splitLine: { lineStyle: { color: token("--line") } }, ...more });
  const beside = { width: narrow ? 106 : 180, overflow: "truncate" }; // names beside their bars leave room for these
  const round = [3, 3, 0, 0];
  const percent = (value) => (value === null ? "—" : `${value.toFixed(1)}%`);

  const kinds = {
    /* [[branch, this period or null, year or null]]: dots, because the range is narrow; a tick for the year. */
    attendance(rows, el) {
      const up = [...rows].reverse();
      const known = up.flatMap((row) => [row[1], row[2]]).filter((value) => value !== null);
      const least = Math.min(80, ...known.map((value) => Math.floor(value / 10) * 10));
      return {
        tooltip: { ...tip, valueFormatter: percent },
        grid: { left: 0, right: 0, top: 4, bottom: 0, containLabel: true },
        xAxis: values({ min: least, max: 100, interval: least < 60 ? 20 : 10, axisLabel: { ...fine, formatter: "{value}%" } }),
        yAxis: [
          names(up.map((row) => row[0]), beside, { axisLine: { show: false } }),
          names(up.map((row) => percent(row[1])), { color: token("--ink"), margin: 14 }, { position: "right", axisLine: { show: false } }),
        ],
        series: [
          { name: "本年", type: "scatter", symbol: "rect", symbolSize: [2, 20], data: up.map((row) => row[2]), itemStyle: { color: token("--ink"), opacity: 1 } },
          { name: el.dataset.period || "本期", type: "scatter", symbolSize: 12, data: up.map((row) => row[1]), itemStyle: { color: token("--slate"), opacity: 1 } },
        ],
      };
    },
    /* [[range, people]] */
    distribution: (rows) => ({
      grid: { left: 4, right: 4, top: 24, bottom: 4, containLabel: true },
      xAxis: names(rows.map((row) => row[0]), {
        fontSize: narrow ? 11 : 12, interval: 0,
        formatter: narrow ? short : undefined,
      }),
      yAxis: values({ show: false }),
      series: [{
        name: "人数", type: "bar", barCategoryGap: "22%", data: rows.map((row) => row[1]),
        itemStyle: { color: token("--slate"), borderRadius: round },
        label: { show: true, position: "top", color: token("--ink"), fontSize: 13, fontFamily: font },
      }],
    }),
    /* [[month, points]]: the last one is the one being read */
    trend: (rows) => ({
      grid: { left: 0, right: 0, top: 22, bottom: 0, containLabel: true },
      xAxis: names(rows.map((row) => row[0]), { fontSize: 12, interval: 0, formatter: narrow ? (name) => name.replace("月", "") : undefined }),
      yAxis: values({ show: false }),
      series: [{
        name: "得分", type: "bar", barMaxWidth: 28,
        data: rows.map((row, i) => ({ value: row[1], itemStyle: { color: i === rows.length - 1 ? token("--red") : PALE, borderRadius: round } })),
        label: {
          show: true, position: "top", color: token("--ink-2"), fontSize: narrow ? 11 : 12, fontFamily: font,
          formatter: (point) => (narrow ? String(point.value) : point.value.toFixed(2)),
        },
      }],
    }),
    /* [[value, people]], names lying beside their bars */
    composition(rows) {
      const up = [...rows].reverse();
      return {
        grid: { left: 0, right: 40, top: 4, bottom: 0, containLabel: true },
        xAxis: values({ show: false }),
        yAxis: names(up.map((row) => row[0]), narrow ? { width: 110, overflow: "break" } : {}, { axisLine: { show: false } }),
        series: [{
          name: "人数", type: "bar", barMaxWidth: 18, data: up.map((row) => row[1]),
          itemStyle: { color: token("--slate"), borderRadius: [0, 3, 3, 0] },
          label: { show: true, position: "right", color: token("--ink"), fontSize: 12, fontFamily: font },
        }],
      };
    },
    /* [[branch, admitted, planned or null]]: a thin tick for the plan */
    development(rows) {
      const up = [...rows].reverse();
      return {
        grid: { left: 0, right: 0, top: 4, bottom: 0, containLabel: true },
        xAxis: values({ show: false }),
        yAxis: [
          names(up.map((row) => row[0]), beside, { axisLine: { show: false } }),
          names(up.map((row) => (row[2] === null ? `${row[1]}` : `${row[1]}/${row[2]}`)), { color: token("--ink"), margin: 14 }, { position: "right", axisLine: { show: false } }),
        ],
        series: [
          { name: "已发展", type: "bar", barMaxWidth: 18, data: up.map((row) => row[1]), itemStyle: { color: token("--slate"), borderRadius: [0, 3, 3, 0] } },
          { name: "计划", type: "scatter", symbol: "rect", symbolSize: [2, 20], data: up.map((row) => row[2]), itemStyle: { color: token("--ink"), opacity: 1 } },
        ],
      };
    },
    /* [[branch, percent, done, required]] */
    completion(rows) {
      const up = [...rows].reverse();
      return {
        tooltip: { ...tip, valueFormatter: percent },
        grid: { left: 0, right: 0, top: 4, bottom: 0, containLabel: true },
        xAxis: values({ show: false, min: 0, max: 100 }),
        yAxis: [
          names(up.map((row) => row[0]), beside, { axisLine: { show: false } }),
          names(up.map((row) => `${row[2]}/${row[3]}`), { color: token("--ink"), margin: 14 }, { position: "right", axisLine: { show: false } }),
        ],
        series: [{
          name: "完成率", type: "bar", barMaxWidth: 18, data: up.map((row) => row[1]),
          showBackground: true, backgroundStyle: { color: token("--line"), opacity: 0.5 },
          itemStyle: { color: token("--slate") },
        }],
      };
    },
    /* [[branch, points]] */
    ranking(rows) {
      const up = [...rows].reverse();
      return {
        grid: { left: 0, right: 44, top: 4, bottom: 0, containLabel: true },
        xAxis: values({ show: false }),
        yAxis: names(up.map((row) => row[0]), beside, { axisLine: { show: false } }),
        series: [{
          name: "积分", type: "bar", barMaxWidth: 18, data: up.map((row) => row[1]),
          itemStyle: { color: token("--slate"), borderRadius: [0, 3, 3, 0] },
          label: { show: true, position: "right", color: token("--ink"), fontSize: 12, fontFamily: font, formatter: (point) => point.value.toFixed(2) },
        }],
      };
    },
  };

  const drawn = [];
  for (const el of document.querySelectorAll("[data-chart]")) {
    const rows = JSON.parse(document.getElementById(el.dataset.from).textContent);
    if (!rows.length) continue;
    if (["attendance", "completion", "ranking", "composition", "development"].includes(el.dataset.chart)) el.style.height = `${Math.max(9, rows.length * 1.9 + 2)}rem`;
    const chart = window.echarts.init(el, null, { renderer: "svg" });
    chart.setOption({ ...base, ...kinds[el.dataset.chart](rows, el) });
    new ResizeObserver(() => chart.resize()).observe(el);
    drawn.push({ el, chart, table: el.parentElement.querySelector("details.behind:not([open])") });
  }

  /* On paper each chart has its table below it, and is as wide as the sheet leaves it: 273 mm, or half of them. */
  window.addEventListener("beforeprint", () => {
    for (const { el, chart, table } of drawn) {
      if (table) table.open = true;
      chart.resize({ width: el.closest(".even") ? 440 : 960 });
      chart.getZr().flush(); // now: paper waits for no frame
    }
  });
  window.addEventListener("afterprint", () => {
    for (const { chart, table } of drawn) {
      if (table) table.open = false;
      chart.resize({ width: "auto" });
    }
  });
})();
