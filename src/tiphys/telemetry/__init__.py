"""What tiphys tells about itself."""
