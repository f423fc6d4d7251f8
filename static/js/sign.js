/* 扫码后自动提交签到；没有脚本时按一下“签到”即可。 */
document.querySelector("form[data-at-once]")?.requestSubmit();
