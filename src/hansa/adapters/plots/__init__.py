"""Pictures of what a study found: SVG and PNG by matplotlib (the extra `plots`), and one page that can be played with.

`chart` says what is to be drawn, lines over axes; `images` makes SVG and PNG of it, and `page` one HTML file that needs
nothing from elsewhere (docs/adr/0049-plots.md).
"""
