// The bodies of all kinds. docs/reference/records.md, "Kinds": a shape each, and what their numbers must add up to.

import { contentId, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { shaped } from "./envelope.js";
import { Misfit, contentIdText, either, integer, list, object, optional, record, text, truth, word } from "./shapes.js";

const label = text(0, 64);
const millionths = integer(0, 1000000);
const counter = integer(0, 2 ** 40);
const version = text(1, 16);
const role = optional(text(0, 16), "node");
const parameter = integer(1, 1000000);
const members = (least) => list(text(1, 64), least, 256);
const proof = optional(list(contentIdText, 0, 512), []);
const dealing = word(
  "skill_refuted",
  "skill_reproved",
  "equivocated",
  "false_accusation",
  "task_delivered",
  "task_failed",
  "lease_honoured",
  "lease_broken",
  "rumor_true",
  "rumor_false",
  "vote_kept",
  "treaty_breached",
);

const step = record({ step: integer(1, 10000), action: text(1, 4000) });
const file = record({ path: text(1, 255), digest: contentIdText, size: integer(0, 1024 * 1024) });
const result = record({
  media_type: text(3, 64),
  text: text(0, 180000),
  entry_point: optional(text(0, 128), ""),
  files: optional(list(file, 0, 200), []),
});
const dataCase = record({ args: text(2, 20000), expect: text(1, 20000) });
const check = either(
  record({ kind: word("cases"), cases: list(dataCase, 1, 200) }),
  record({ kind: word("python"), code: text(1, 100000) }),
);
const skill = record({
  intent: text(1, 4000),
  reasoning_path: list(step, 0, 200),
  result,
  checks: optional(list(check, 0, 100), []),
  license: optional(text(0, 64), ""),
  tags: optional(list(text(1, 64), 0, 32), []),
  lineage: optional(list(contentIdText, 0, 64), []),
});
const claim = record({
  confidence: optional(millionths, 0),
  verification_score: optional(millionths, 0),
  trials: optional(integer(0), 0),
  harness: optional(label, ""),
});
const evidenceFields = {
  skill: contentIdText,
  harness: label,
  sandbox: label,
  outcome: word("pass", "fail", "inconclusive"),
  trials: integer(0, 100000),
  successes: integer(0),
  passed: integer(0),
  total: integer(0),
  digest: contentIdText,
  reason: optional(label, ""),
};
const evidence = record(evidenceFields);
const worked = record({
  ...evidenceFields,
  work: contentIdText,
  lease: contentIdText,
  fence: integer(1),
  digests: list(label, 0, 1000),
  memory_bytes: integer(1),
  wall_ms: integer(1, 3600000),
  used_ms: integer(0),
});

function consistentWorked(value) {
  const body = consistent(worked(value));
  if (body.digests.length !== body.trials) throw new Misfit("not one digest for each trial");
  return body;
}

const consistentEvidence = (value) => consistent(evidence(value));

function consistent(body) {
  if (body.successes > body.trials || body.passed > body.total) throw new Misfit("more successes than trials");
  const whole = body.successes > 0 && body.successes === body.trials && body.passed > 0 && body.passed === body.total;
  if (body.outcome === "pass" && !whole) throw new Misfit("a pass with failed trials or checks, or with none");
  return body;
}

const node = text(8, 64);
const shortWords = optional(list(text(1, 16), 0, 8), []);
const link = record({ whom: node, latency_ms: integer(0, 600000), bandwidth: integer(0), utilisation: integer(0, 1000) });

function matching(pattern) {
  return (value) => {
    if (typeof value !== "string" || !pattern.test(value)) throw new Misfit(`not ${pattern}`);
    return value;
  };
}

const capability = record({
  capabilities: list(record({ name: matching(/^[a-z][a-z0-9-]{0,31}$/), version: optional(label, "") }), 0, 32),
  places: optional(integer(1, 1024), 1),
  queue: optional(integer(0, 2 ** 20 - 1), 0),
});

function consistentCapability(value) {
  const body = capability(value);
  const names = new Set(body.capabilities.map((one) => one.name));
  if (names.size < body.capabilities.length) throw new Misfit("something is named twice");
  return body;
}

const task = record({
  kind: word("python-computation", "prove-skill", "query", "code-generation", "file-analysis"),
  nonce: matching(/^[0-9a-f]{32}$/),
  path: list(node, 1, 3),
  within_ms: integer(1, 3600000),
  work_ms: integer(1, 3600000),
  priority: optional(integer(0, 9), 0),
  correlation: optional(label, ""),
  python: optional(
    record({ code: text(1, 65536), entry_point: text(1, 64), calls: list(text(2, 16384), 1, 64) }),
    undefined,
  ),
  prove: optional(
    record({
      skill: contentIdText,
      trials: integer(1, 1000),
      seed: optional(integer(0), 0),
      text: optional(text(1, 131072), undefined),
    }),
    undefined,
  ),
  query: optional(record({ intent: text(1, 1000), limit: optional(integer(1, 32), 10) }), undefined),
});
const taskData = { "python-computation": "python", "prove-skill": "prove", query: "query" };

function consistentTask(value) {
  const body = task(value);
  const given = ["python", "prove", "query"].filter((name) => body[name] !== undefined);
  const wanted = taskData[body.kind];
  if (given.join() !== (wanted === undefined ? "" : wanted)) throw new Misfit("not the data of its kind");
  if (new Set(body.path).size < body.path.length) throw new Misfit("its path has somebody twice");
  return body;
}

const taskSaid = record({
  task: contentIdText,
  state: word("accepted", "running", "done", "failed", "cancelled"),
  values: optional(list(text(0, 65536), 0, 64), []),
  error: optional(text(0, 300), ""),
  harness: optional(label, ""),
  digest: optional(label, ""),
  used_ms: optional(integer(0), 0),
});

function consistentSaid(value) {
  const body = taskSaid(value);
  if (body.values.length > 0 && body.state !== "done") throw new Misfit("a result of what is not done");
  if (body.error !== "" && body.state !== "failed") throw new Misfit("an error of what has not failed");
  const length = body.values.reduce((sum, one) => sum + [...one].length, 0);
  if (length > 65536) throw new Misfit("a result that is too long");
  return body;
}

function textsByName(value) {
  const entries = Object.entries(object(value));
  if (entries.length > 32) throw new Misfit("more than 32 texts");
  for (const [name, one] of entries) {
    text(1, 64)(name);
    text(0, 2000)(one);
  }
  return value;
}

const notice = record({
  type: matching(/^[a-z][a-z0-9_]{0,31}$/),
  payload: textsByName,
  priority: optional(word("low", "normal", "high", "critical"), "normal"),
  ttl: optional(integer(1, 255), 8),
  mode: optional(word("broadcast", "multicast", "resource_directed"), "broadcast"),
  destination_nodes: optional(list(node, 0, 16), []),
  resource: optional(label, ""),
  interests: optional(list(text(1, 64), 0, 16), []),
  wants_ack: optional(truth, false),
});

function consistentNotice(value) {
  const body = notice(value);
  if (body.destination_nodes.length > 0 !== (body.mode === "multicast")) throw new Misfit("nodes, or no multicast");
  if ((body.resource !== "") !== (body.mode === "resource_directed")) throw new Misfit("a resource, or not towards one");
  return body;
}

const units = integer(1, 2 ** 26);
const price = integer(0, 2 ** 40);
const instant = integer(0);
const LEASED = ["computational_power", "memory_capacity", "processing_queue"];
const resource = word(
  ...LEASED,
  "knowledge_base",
  "consciousness_state",
  "learned_patterns",
  "threat_intelligence",
  "optimisation_insights",
);
const topic = optional(label, "");
const offers = record({
  offers: list(
    record({ resource, amount: units, price, begins: instant, ends: instant, free: integer(0), topic }),
    0,
    16,
  ),
});
const requests = record({
  requests: list(
    record({
      number: integer(0),
      resource,
      amount: units,
      least: units,
      urgency: integer(0, 1000),
      most: price,
      begins: instant,
      ends: instant,
      lasts: integer(0, 2 ** 27),
      topic,
    }),
    0,
    16,
  ),
});

function onlyOnce(names) {
  if (new Set(names).size < names.length) throw new Misfit("the same twice");
}

function consistentOffers(value) {
  const body = offers(value);
  for (const one of body.offers) {
    const leased = LEASED.includes(one.resource);
    if (one.begins >= one.ends || one.free > one.amount) throw new Misfit("it ends before it begins, or is too free");
    if (leased && one.topic !== "") throw new Misfit("a topic of what is leased");
  }
  onlyOnce(body.offers.map((one) => [one.resource, one.amount, one.price, one.begins, one.ends, one.topic].join()));
  return body;
}

function consistentRequests(value) {
  const body = requests(value);
  for (const one of body.requests) {
    const time = one.ends - one.begins;
    const leased = LEASED.includes(one.resource);
    const fits = leased ? one.lasts > 0 && one.lasts <= time && one.topic === "" : one.lasts === 0;
    if (time <= 0 || one.least > one.amount || !fits) throw new Misfit("a request that nothing can meet");
  }
  onlyOnce(body.requests.map((one) => one.number));
  return body;
}

const keys = list(text(1, 64), 1, 16);
const threshold = integer(-(2 ** 31), 2 ** 31);

/** The body of root metadata; roots.js has the rules. */
export const ROOT = record({
  version: integer(1),
  root_keys: keys,
  root_threshold: threshold,
  signing_keys: keys,
  signing_threshold: threshold,
  retired: optional(list(record({ key: text(1, 64), until: integer(-1) }), 0, 16), []),
});

/** Kind -> {live, shape}: live ones must be fresh; a kind is standing, or goes round (spread), where it says so. */
export const KINDS = {
  skill: { live: false, shape: record({ skill, claim }) },
  evidence: { live: false, shape: consistentEvidence },
  tombstone: {
    live: false,
    shape: record({ skill: contentIdText, why: optional(text(0, 500), ""), recall: optional(truth, false) }),
  },
  acknowledgement: {
    live: false,
    shape: record({ tombstone: contentIdText, skill: contentIdText, removed: truth, derivatives: counter }),
  },
  reflection: {
    live: false,
    shape: record({
      outcome: word("success", "failure", "partial"),
      description: text(1, 4000),
      category: optional(text(1, 64), "general"),
      tags: optional(list(text(1, 64), 0, 15), []),
      error: optional(text(0, 2000), ""),
      about: optional(label, ""),
    }),
  },
  receipt: {
    live: false,
    shape: record({
      dealing,
      subject: text(1, 64),
      skill: optional(label, ""),
      records: list(contentIdText, 1, 8),
      reason: optional(label, ""),
      domain: optional(label, ""),
    }),
  },
  policy_card: {
    live: false,
    shape: record({
      policy: word("steadfast", "classic"),
      rules: parameter,
      text: text(0, 4000),
      verifiers: list(label, 0, 100),
      known_from: parameter,
      trusted_at: parameter,
      wrong: parameter,
      mended: parameter,
      gives_up_at: parameter,
      deadlock: parameter,
      dealings: list(record({ dealing: label, weight: integer(-100, 100) }), 0, 100),
    }),
  },
  decision: {
    live: false,
    shape: record({
      about: text(1, 64),
      invited: truth,
      banned: truth,
      domain: label,
      card: label,
      entries: integer(0),
      head: label,
      now: integer(0),
      engage: truth,
      rung: label,
      relationship: label,
      reason: label,
      score: integer(-(2 ** 53) + 1),
    }),
  },
  dispute: {
    live: false,
    shape: record({
      skill: contentIdText,
      record: contentIdText,
      respondent: text(1, 64),
      ground: word("false_claim", "harmful", "false_accusation", "plagiarised", "licence"),
      why: text(1, 500),
      records: list(contentIdText, 1, 8),
    }),
  },
  dispute_answer: {
    live: false,
    shape: record({
      case: contentIdText,
      why: text(1, 500),
      records: optional(list(contentIdText, 0, 8), []),
    }),
  },
  dispute_finding: { live: false, shape: record({ case: contentIdText, record: contentIdText }) },
  dispute_ruling: {
    live: false,
    shape: record({
      case: contentIdText,
      ruled: word("upheld", "dismissed"),
      basis: word("own_finding", "verifiers", "operator"),
      records: optional(list(contentIdText, 0, 8), []),
      why: optional(text(0, 500), ""),
    }),
  },
  dispute_withdrawal: { live: false, shape: record({ case: contentIdText, why: optional(text(0, 500), "") }) },
  dispute_appeal: {
    live: false,
    shape: record({ case: contentIdText, why: text(1, 500), records: list(contentIdText, 1, 8) }),
  },
  roster: {
    live: false,
    shape: record({
      members: members(1),
      epoch: integer(1),
      follows: optional(matching(/^([0-9a-f]{64})?$/), ""),
      agreed: proof,
    }),
  },
  proposal: {
    live: false,
    shape: record({
      roster: contentIdText,
      diff: contentIdText,
      base: contentIdText,
      rationale: text(1, 2000),
      risk: word("low", "medium", "high"),
      ends: integer(0),
      text: optional(text(0, 98304), ""),
      members: optional(members(0), []),
      fired: optional(list(text(0, 8), 0, 32), []),
    }),
  },
  vote: {
    live: false,
    shape: record({
      proposal: contentIdText,
      diff: contentIdText,
      base: contentIdText,
      roster: contentIdText,
      epoch: integer(1),
      ends: integer(0),
      choice: word("yes", "no"),
      why: optional(text(0, 500), ""),
    }),
  },
  outcome: {
    live: false,
    shape: record({
      proposal: contentIdText,
      decided: word("open", "approved", "refused", "undecided"),
      votes: proof,
    }),
  },
  root: { live: false, standing: true, shape: ROOT },
  hello: {
    live: true,
    shape: record({
      versions: list(version, 1, 16),
      name: optional(label, ""),
      role,
      skills: optional(counter, 0),
    }),
  },
  welcome: { live: true, shape: record({ to: contentIdText, version, name: optional(label, ""), role }) },
  join: {
    live: true,
    shape: record({ proof: contentIdText, name: optional(label, ""), role, url: optional(text(0, 300), "") }),
  },
  joined: {
    live: true,
    shape: record({
      to: contentIdText,
      outcome: word("admitted", "waiting", "refused"),
      reason: optional(label, ""),
      name: optional(label, ""),
      role,
    }),
  },
  index: { live: true, shape: record({ length: counter, head: either(text(0, 0), contentIdText) }) },
  presence: {
    live: true,
    spread: true,
    shape: record({
      incarnation: integer(0),
      addresses: optional(list(text(1, 300), 0, 4), []),
      role,
      leaving: optional(truth, false),
      offers: optional(list(label, 0, 16), []),
      interests: optional(list(label, 0, 32), []),
    }),
  },
  suspicion: { live: true, spread: true, shape: record({ whom: node, incarnation: integer(0) }) },
  links: {
    live: true,
    spread: true,
    shape: record({ links: list(link, 0, 100), transports: shortWords, versions: shortWords }),
  },
  arrived: {
    live: true,
    spread: true,
    shape: record({ packet: matching(/^[0-9a-f]{32}$/), envelope: contentIdText, reason: optional(label, "") }),
  },
  notice: { live: true, spread: true, shape: consistentNotice },
  offers: { live: true, spread: true, shape: consistentOffers },
  requests: { live: true, spread: true, shape: consistentRequests },
  lease_ask: {
    live: false,
    shape: record({
      offer: contentIdText,
      resource,
      amount: units,
      price,
      begins: instant,
      ends: instant,
      request: optional(integer(0), 0),
      topic,
    }),
  },
  lease: {
    live: false,
    shape: record({
      ask: contentIdText,
      state: word("granted", "active", "metered", "settled", "broken", "released", "lapsed"),
      fence: integer(1),
      take_by: instant,
      used: optional(integer(0), 0),
      ended: optional(instant, 0),
      cost: optional(integer(0), 0),
      records: optional(list(contentIdText, 0, 64), []),
    }),
  },
  lease_act: {
    live: false,
    shape: record({
      ask: contentIdText,
      act: word("take", "release", "agree", "contest"),
      cost: optional(integer(0), 0),
    }),
  },
  work: {
    live: true,
    spread: true,
    shape: record({
      lease: contentIdText,
      fence: integer(1),
      skill: contentIdText,
      trials: integer(1, 1000),
      seed: integer(0),
      text: optional(skill, undefined),
    }),
  },
  worked: { live: true, spread: true, shape: consistentWorked },
  capability: { live: true, spread: true, shape: consistentCapability },
  task: { live: true, spread: true, shape: consistentTask },
  task_said: { live: true, spread: true, shape: consistentSaid },
  task_stop: { live: true, spread: true, shape: record({ task: contentIdText }) },
  noticed: { live: true, spread: true, shape: record({ to: contentIdText, done: optional(label, "") }) },
};

/** The body of a message of a known kind, with what was left out filled in; throws Refused("bad_body"). */
export function readBody(message) {
  return shaped(message.body, KINDS[message.header.kind].shape, "bad_body", "body");
}

/** The id of a skill: content id of the canonical skill alone, with what was left out filled in. */
export async function skillId(filled) {
  return contentId(utf8(encode(filled)));
}
