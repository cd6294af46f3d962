pytest_plugins = ["conformance.worker.pytest_plugin"]
