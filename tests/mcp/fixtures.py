"""What the official conformance suite asks a server to have beside its own tools: fixtures with fixed names and texts.

They are registered on the very server that the product assembles, and are no part of the product. The names and texts
are the suite's contract.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

from mcp.server.mcpserver import Context, RequestStateSecurity
from mcp.server.mcpserver.prompts.base import Prompt, UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.server import SkillServer, assemble

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="


def conforming(hands: Hands) -> SkillServer:
    """Returns the product's server with the suite's fixtures on it."""
    security = RequestStateSecurity(keys=[b"a key of the conformance fixtures"])
    server = assemble(hands, subscriptions=None, request_state_security=security)
    for register in (_contents, _conversations, _inputs, _resources, _prompts, _changes, _old_methods):
        register(server)
    return server


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def _embedded(uri: str, text: str, mime_type: str = "text/plain") -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, text=text, mime_type=mime_type)
    return EmbeddedResource(type="resource", resource=contents)


def _contents(server: SkillServer) -> None:
    answers: dict[str, Any] = {
        "test_simple_text": [_text("This is a simple text response for testing.")],
        "test_image_content": [_image()],
        "test_audio_content": [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")],
        "test_embedded_resource": [_embedded("test://embedded-resource", "This is an embedded resource content.")],
        "test_multiple_content_types": [
            _text("Multiple content types test:"),
            _image(),
            _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
        ],
    }
    for name, answer in answers.items():
        server.add_tool(_constant(answer), name=name, description=f"Answers with {name}.", structured_output=False)

    def test_error_handling() -> str:
        """Fails."""
        raise RuntimeError("This tool intentionally returns an error for testing")

    def test_x_mcp_header(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "none") -> str:
        """Takes a parameter that travels in a header too."""
        return region

    def json_schema_2020_12_tool() -> str:
        """Has a schema with the whole vocabulary."""
        return "json_schema_2020_12_tool"

    for function in (test_error_handling, test_x_mcp_header, json_schema_2020_12_tool):
        server.add_tool(function)
    server._tool_manager._tools["json_schema_2020_12_tool"].parameters = VOCABULARY


VOCABULARY: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def _constant(answer: Any) -> Any:
    def tool() -> list[Any]:
        return list(answer)

    return tool


class Reply(BaseModel):
    username: str = Field(description="User's name")
    email: str = Field(description="User's address")


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: str = Field("active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = True


def _titled(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"const": const, "title": title} for const, title in pairs]


_THREE = ["option1", "option2", "option3"]
_TITLES = _titled(("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option"))


class Enums(BaseModel):  # names are the suite's
    untitledSingle: str = Field(json_schema_extra={"enum": _THREE})  # noqa: N815
    titledSingle: str = Field(json_schema_extra={"oneOf": _TITLES})  # noqa: N815
    legacyEnum: str = Field(json_schema_extra={"enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]})  # noqa: N815
    untitledMulti: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": _THREE}})  # noqa: N815
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": _TITLES}})  # noqa: N815


def _conversations(server: SkillServer) -> None:
    async def test_tool_with_logging(ctx: Context) -> str:
        """Logs while it works."""
        for word in ("started", "processing data", "completed"):
            await ctx.session.send_log_message(
                level="info", data=f"Tool execution {word}", related_request_id=ctx.request_id
            )
        return "logged"

    async def test_tool_with_progress(ctx: Context) -> str:
        """Reports how far it is."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100, f"{done} of 100")
            await asyncio.sleep(0)
        return "done"

    async def test_sampling(prompt: str, ctx: Context) -> str:
        """Asks the client's model."""
        question = [SamplingMessage(role="user", content=_text(prompt))]
        answer = await ctx.session.create_message(question, max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {getattr(answer.content, 'text', '')}"

    async def ask(ctx: Context, message: str, shape: type[BaseModel]) -> str:
        answer = await ctx.elicit(message, shape)
        data = answer.data.model_dump_json() if answer.action == "accept" else "{}"
        return f"Elicitation completed: action={answer.action}, content={data}"

    async def test_elicitation(message: str, ctx: Context) -> str:
        """Asks the person."""
        return await ask(ctx, message, Reply)

    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        """Asks with defaults."""
        return await ask(ctx, "Please review", Defaults)

    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        """Asks for choices."""
        return await ask(ctx, "Please choose", Enums)

    async def test_missing_capability(ctx: Context) -> str:
        """Needs a client that samples."""
        given = ctx.session.client_capabilities
        if given is None or given.sampling is None:
            raise MCPError(
                code=MISSING_REQUIRED_CLIENT_CAPABILITY,
                message="needs the capability sampling",
                data={"requiredCapabilities": {"sampling": {}}},
            )
        return "sampled"

    for function in (
        test_tool_with_logging, test_tool_with_progress, test_sampling, test_elicitation,
        test_elicitation_sep1034_defaults, test_elicitation_sep1330_enums, test_missing_capability,
    ):  # fmt: skip
        server.add_tool(function)


def _form(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _question(text: str) -> CreateMessageRequest:
    messages = [SamplingMessage(role="user", content=_text(text))]
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=50))


def _content(answer: Any) -> dict[str, Any]:
    return dict(answer.content or {}) if isinstance(answer, ElicitResult) else {}


def _inputs(server: SkillServer) -> None:
    """Tools that end a round with a question, and go on when it is answered (SEP-2322)."""
    once: dict[str, tuple[dict[str, Any], str | None]] = {
        "test_input_required_result_elicitation": ({"user_name": _form("What is your name?", name="string")}, None),
        "test_input_required_result_sampling": (
            {"capital_question": _question("What is the capital of France?")},
            None,
        ),
        "test_input_required_result_list_roots": ({"client_roots": ListRootsRequest()}, None),
        "test_input_required_result_request_state": ({"confirm": _form("Please confirm", ok="boolean")}, "asked"),
        "test_input_required_result_tampered_state": ({"confirm": _form("Please confirm", ok="boolean")}, "asked"),
        "test_input_required_result_multiple_inputs": (
            {
                "user_name": _form("What is your name?", name="string"),
                "greeting": _question("Generate a greeting"),
                "client_roots": ListRootsRequest(),
            },
            "asked",
        ),
    }
    for name, (asked, state) in once.items():
        server.add_tool(_asking(asked, state), name=name, description=f"Asks: {name}.")

    async def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
        """Asks twice."""
        state = json.loads(ctx.request_state) if ctx.request_state else {"round": 0}
        given = ctx.input_responses or {}
        if state["round"] == 2 and "step2" in given:
            return f"{state['name']} likes {_content(given['step2']).get('color')}"
        if state["round"] == 1 and "step1" in given:
            kept = json.dumps({"round": 2, "name": _content(given["step1"]).get("name")})
            asked = {"step2": _form("Step 2: which colour?", color="string")}
            return InputRequiredResult(input_requests=asked, request_state=kept)
        asked = {"step1": _form("Step 1: which name?", name="string")}
        return InputRequiredResult(input_requests=asked, request_state=json.dumps({"round": 1}))

    async def test_input_required_result_capabilities(ctx: Context) -> InputRequiredResult:
        """Asks only what the client can answer."""
        given = ctx.client_capabilities
        asked: dict[str, Any] = {}
        if given is None or given.sampling is not None:
            asked["sample"] = _question("Say hello")
        if given is None or given.elicitation is not None:
            asked["ask"] = _form("What is your name?", name="string")
        return InputRequiredResult(input_requests=asked, request_state="asked")

    server.add_tool(test_input_required_result_multi_round)
    server.add_tool(test_input_required_result_capabilities)


def _asking(asked: dict[str, Any], state: str | None) -> Any:
    async def tool(ctx: Context) -> str | InputRequiredResult:
        given = ctx.input_responses
        complete = given and asked.keys() <= given.keys() and (state is None or ctx.request_state == state)
        if complete:
            said = [_content(one).get("name", "") for one in given.values()]
            return f"state-ok, all inputs received {' '.join(said)}"
        return InputRequiredResult(input_requests=dict(asked), request_state=state)

    return tool


def _resources(server: SkillServer) -> None:
    import base64

    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """A picture."""
        return base64.b64decode(PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def from_template(id: str) -> str:
        """A text by number."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        """A text to watch."""
        return "Watched resource content"

    @server.completion()
    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=[], total=0, has_more=False)


def _prompts(server: SkillServer) -> None:
    @server.prompt()
    def test_simple_prompt() -> list[UserMessage]:
        """A prompt."""
        return [UserMessage("This is a simple prompt for testing.")]

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        """A prompt with arguments."""
        return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's name
        """A prompt with a resource."""
        return [UserMessage(_embedded(resourceUri, "Embedded.")), UserMessage("Please process the resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """A prompt with a picture."""
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]

    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context) -> list[UserMessage] | InputRequiredResult:
        """A prompt that asks first."""
        given = ctx.input_responses or {}
        if "user_context" in given:
            return [UserMessage(f"Use the following context: {_content(given['user_context']).get('context')}")]
        asked = {"user_context": _form("What context should the prompt use?", context="string")}
        return InputRequiredResult(input_requests=asked)


def _changes(server: SkillServer) -> None:
    async def test_trigger_tool_change(ctx: Context) -> str:
        """Tells listeners that the tools changed."""
        server.add_tool(_constant(["x"]), name="test_dynamic_tool", structured_output=False)
        server.remove_tool("test_dynamic_tool")
        await ctx.notify_tools_changed()
        return "changed"

    async def test_trigger_prompt_change(ctx: Context) -> str:
        """Tells listeners that the prompts changed."""
        server.add_prompt(Prompt.from_function(lambda: "x", name="test_dynamic_prompt", description="x"))
        server.remove_prompt("test_dynamic_prompt")
        await ctx.notify_prompts_changed()
        return "changed"

    server.add_tool(test_trigger_tool_change)
    server.add_tool(test_trigger_prompt_change)


def _old_methods(server: SkillServer) -> None:
    """Methods of 2025-11-25 that the product does not have."""

    async def nothing(_: Any, __: Any) -> EmptyResult:
        return EmptyResult()

    low = server._lowlevel_server
    low.add_request_handler("logging/setLevel", SetLevelRequestParams, nothing)
    low.add_request_handler("resources/subscribe", SubscribeRequestParams, nothing)
    low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, nothing)
