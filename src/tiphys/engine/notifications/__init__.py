"""What is to be told to whom: subscriptions, triggers, and what has been told already."""
