// Airflow shows this page in a frame that may not navigate it: a link into Airflow is handed to Airflow's own router.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.airflow");
  if (!link || window.parent === window || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const state = { usr: null, key: "netsuite-sync", idx: (window.parent.history.state?.idx ?? 0) + 1 };
  window.parent.history.pushState(state, "", link.href);
  window.parent.dispatchEvent(new PopStateEvent("popstate", { state }));
});
