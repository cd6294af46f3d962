pytest_plugins = ["conformance.worker.plugin"]
