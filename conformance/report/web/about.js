// About: how it was measured, and how much of it.

VIEWS.about = { title: "About", build() {}, show() {} };
