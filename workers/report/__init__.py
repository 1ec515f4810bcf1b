"""Report → what people and machines read: one pure function for each face."""
