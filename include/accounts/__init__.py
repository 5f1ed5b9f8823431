"""One YAML file per NetSuite account, and the model that checks them."""
