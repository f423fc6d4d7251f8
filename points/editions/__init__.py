"""What an edition does to records: tried before it is published, applied after; and the posts its variants ask for."""
