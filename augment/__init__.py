"""More of what is scarce: variations of licensed pictures, made by a diffusion model from the picture and its caption."""
