"""What a picture is: decoding, perceptual hashes, and marks written into files."""
