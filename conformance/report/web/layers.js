// The layers view.

VIEWS.layers = { title: "Layers", build() {}, show() {} };
