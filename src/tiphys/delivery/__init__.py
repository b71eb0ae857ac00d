"""Use cases on one Application, shared by the controller, the server and the command line."""
