"""The steps of fetching from vendors: asking one, handing over what it gave, and telling people what fails."""
