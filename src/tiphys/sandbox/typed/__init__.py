"""Objects as the API server's Go structs hold them: kinds, versions, decoding, defaults."""
