"""Who is there, and how does word travel? So far: greeting a hub, and pulling its feed without being fooled.

Membership, links, mesh and routing come with the overlay; they will carry the same records.
"""
