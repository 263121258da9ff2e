"""The registers elsewhere, a file each, and the one caller through which all of them are asked."""
