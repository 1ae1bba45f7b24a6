"""One rule a module, each a function ``check(bundle, context, report)``. Found by `run`; no list names them."""
