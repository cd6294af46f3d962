// The upgrade view: what changes between two columns.

const SEVERITIES = ["silent", "raises", "warns", "cosmetic"];

VIEWS.upgrade = { title: "Upgrade", build() {}, show() {} };
