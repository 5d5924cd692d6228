"""The methods: one file each. `registry` lists them; every other module here is a method."""
