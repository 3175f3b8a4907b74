"""Every private API that the package touches, one module each. Imports no other room."""
