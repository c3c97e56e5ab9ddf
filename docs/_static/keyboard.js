// What scrolls sideways can be scrolled by the keyboard too, and the sidebars have names.
document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll("pre, article table")) part.tabIndex = 0;
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = "2";
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "on this page");
});
