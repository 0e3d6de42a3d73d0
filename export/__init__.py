"""What we hand over: shards with credits, licences and a page about them, and the gallery."""
