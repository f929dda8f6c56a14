"""Settings into stores, journals and clients: the only place that knows which implementation is used."""
