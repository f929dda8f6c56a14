"""The demo: a believable SaaS business that sends its events through the front doors, as any customer's would."""
