"""The door for agents: the Model Context Protocol, over standard input and output or on the node's port.

    scopes     what a session may do; what it may not do is not there for it
    hands      the operations of the node, held to the scopes
    foreign    text of others, marked as such in every answer
    tools/     one module per noun
    skills     Agent Skills over MCP (SEP-2640)
    server     joins them
    clients    writes the configuration of coding agents

The SDK is an extra (`pip install 'hansa[mcp]'`); nothing outside of this folder imports it at start.
"""
