"""Chat templates for embedded models, in llama.cpp's Jinja."""
