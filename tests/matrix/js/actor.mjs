// People on a Matrix server with matrix-js-sdk and its Rust crypto, who do what they are told by JSON lines.
//
// In:  {"id": 7, "who": "1", "do": "send", ...}
// Out: {"id": 7, "gave": ...} or {"id": 7, "failed": "why"}, and, as they come, {"who": "1", "event": {...}}:
//      each event when it arrives, and again when it could be decrypted, was corrected, or its content is gone.
//
// Everything that the library logs goes to stderr. The process ends when its stdin does.

import { Console } from "node:console";
import { createInterface } from "node:readline";

globalThis.console = new Console(process.stderr); // before the library takes hold of it: stdout is for the lines
Promise.withResolvers ??= function () {
  const parts = {}; // Node 20 does not have it, and the library wants nothing else that is newer
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const sdk = await import("matrix-js-sdk");
const { AllDevicesIsolationMode, OnlySignedDevicesIsolationMode, EventShieldColour, EventShieldReason } = await import(
  "matrix-js-sdk/lib/crypto-api/index.js"
);
const { Attachment, EncryptedAttachment } = await import("@matrix-org/matrix-sdk-crypto-wasm");

const PATIENCE = 15_000; // ms
const ALL = new AllDevicesIsolationMode(false);

function tell(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

/** What one event is to its reader: decrypted, or with the reason why not. */
function shown(event) {
  const unreadable = event.isDecryptionFailure() ? event.decryptionFailureReason : null;
  const sealed = event.isEncrypted() && (unreadable !== null || event.isBeingDecrypted() || !event.getClearContent());
  const wire = event.getWireContent();
  const content = sealed ? wire : { ...event.getContent() };
  if (!("m.relates_to" in content) && wire["m.relates_to"]) content["m.relates_to"] = wire["m.relates_to"];
  return {
    event_id: event.getId(),
    room_id: event.getRoomId(),
    sender: event.getSender(),
    type: sealed ? event.getWireType() : event.getType(),
    ...(event.isState() && { state_key: event.getStateKey() }),
    content,
    origin_server_ts: event.getTs(),
    unsigned: event.getUnsigned(),
    encrypted: event.isEncrypted(),
    unreadable,
  };
}

class Person {
  #held = null; // what was sent to devices while `hold` was on
  #events = new Map();

  constructor(who, options) {
    this.who = who;
    this.client = sdk.createClient({ ...options, fetchFn: (...asked) => this.#fetch(...asked) });
    this.client.on(sdk.ClientEvent.Event, (event) => this.#saw(event));
  }

  /** Connect, with new keys in memory; return once the first sync is there. */
  async start() {
    await this.client.initRustCrypto({ useIndexedDB: false });
    this.crypto.setDeviceIsolationMode(ALL);
    const ready = new Promise((resolve, reject) =>
      this.client.on(sdk.ClientEvent.Sync, (state, _, why) => {
        if (state === sdk.SyncState.Prepared) resolve();
        if (state === sdk.SyncState.Error) reject(why?.error ?? new Error("the first sync failed"));
      }),
    );
    // Without the library's own view of threads: there, a sending whose echo comes before its answer never ends.
    await this.client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true, threadSupport: false });
    await ready;
  }

  stop() {
    this.client.stopClient();
  }

  get crypto() {
    return this.client.getCrypto();
  }

  event(id) {
    const event = this.#events.get(id);
    if (!event) throw new Error(`never saw ${id}`);
    return event;
  }

  hold() {
    this.#held ??= [];
  }

  /** Send on what was held back; return how much it was. */
  async release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const asked of held) {
      const answer = await fetch(...asked);
      if (!answer.ok) throw new Error(`${answer.status} to what was held back`);
    }
    return held.length;
  }

  /** Wait until the client has a room that it is in, with these people, and encrypted if it is to be. */
  async knows(room, { encrypted = false, people: ids = [] } = {}) {
    const known = () => {
      const found = this.client.getRoom(room);
      if (found?.getMyMembership() !== "join" || (encrypted && !found.hasEncryptionStateEvent())) return false;
      return ids.every((id) => found.getMember(id));
    };
    const until = Date.now() + PATIENCE;
    while (!known()) {
      if (Date.now() > until) throw new Error(`the room ${room} did not come`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #fetch(url, options) {
    if (this.#held && options?.method === "PUT" && String(url).includes("/sendToDevice/m.room.encrypted/")) {
      const { signal, ...rest } = options;
      this.#held.push([url, rest]);
      return new Response("{}", { headers: { "Content-Type": "application/json" } });
    }
    return fetch(url, options);
  }

  #saw(event) {
    if (!event.getId() && !event.isState()) return; // typing and receipts; an invitation's events have no id either
    this.#events.set(event.getId(), event);
    const push = () => tell({ who: this.who, event: shown(event) });
    event.on(sdk.MatrixEventEvent.Decrypted, push);
    event.on(sdk.MatrixEventEvent.Replaced, push);
    event.on(sdk.MatrixEventEvent.BeforeRedaction, () => setImmediate(push));
    push();
    void this.client.decryptEventIfNeeded(event);
  }
}

const people = new Map();

const actions = {
  /** Log in as a new device, or go on with a token whose device has no keys yet. */
  async login(_, { who, url, user, password, token, device }) {
    if (!token) {
      const identifier = { type: "m.id.user", user };
      const asked = { type: "m.login.password", identifier, password, initial_device_display_name: "matrix-js-sdk" };
      ({ access_token: token, device_id: device } = await sdk.createClient({ baseUrl: url }).loginRequest(asked));
    }
    const person = new Person(who, { baseUrl: url, userId: user, accessToken: token, deviceId: device });
    people.set(who, person);
    await person.start();
    return { token, device };
  },

  async logout(person) {
    person.stop();
    await person.client.logout();
  },

  stop(person) {
    person.stop();
  },

  // --- keys

  async bootstrap({ client, crypto }, { password }) {
    const identifier = { type: "m.id.user", user: client.getUserId() };
    await crypto.bootstrapCrossSigning({
      authUploadDeviceSigningKeys: (ask) => ask({ type: "m.login.password", identifier, password }),
    });
  },

  /** Sign another device of the same account. */
  async sign({ client, crypto }, { device }) {
    await crypto.getUserDeviceInfo([client.getUserId()], true);
    await crypto.crossSignDevice(device);
  },

  isolate({ crypto }, { on }) {
    crypto.setDeviceIsolationMode(on ? new OnlySignedDevicesIsolationMode() : ALL);
  },

  session: (person, { event }) => person.event(event).getWireContent().session_id,
  discard: ({ crypto }, { room }) => crypto.forceDiscardSession(room),
  hold: (person) => person.hold(),
  release: (person) => person.release(),

  /** Tell what a client shows beside an event: a colour, and why. */
  async shield(person, { event }) {
    const info = await person.crypto.getEncryptionInfoForEvent(person.event(event));
    if (info === null) return null;
    const reason = info.shieldReason === null ? null : EventShieldReason[info.shieldReason];
    return { colour: EventShieldColour[info.shieldColour], reason };
  },

  // --- rooms and words

  knows: (person, { room, ...how }) => person.knows(room, how),

  async send(person, { room, type, content, thread = null }) {
    await person.knows(room);
    return (await person.client.sendEvent(room, thread, type, content)).event_id;
  },

  redact: async ({ client }, { room, event }) => (await client.redactEvent(room, event)).event_id,
  typing: ({ client }, { room, on }) => client.sendTyping(room, on, 5000),
  read: (person, { event }) => person.client.sendReadReceipt(person.event(event)),

  // --- files

  /** Upload a file, encrypted; return what an event says of it. */
  async upload({ client }, { data }) {
    const sealed = Attachment.encrypt(Buffer.from(data, "base64"));
    const keys = JSON.parse(sealed.mediaEncryptionInfo);
    const { content_uri: url } = await client.uploadContent(sealed.encryptedData, { type: "application/octet-stream" });
    return { ...keys, url };
  },

  async download({ client }, { file }) {
    const url = client.mxcUrlToHttp(file.url, undefined, undefined, undefined, false, true, true);
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });
    if (!answer.ok) throw new Error(`${answer.status} to ${url}`);
    const sealed = new EncryptedAttachment(new Uint8Array(await answer.arrayBuffer()), JSON.stringify(file));
    return Buffer.from(Attachment.decrypt(sealed)).toString("base64");
  },
};

async function act({ id, who, do: what, ...rest }) {
  try {
    const gave = await actions[what](people.get(who), { who, ...rest });
    tell({ id, gave: gave ?? null });
  } catch (error) {
    console.error(error);
    tell({ id, failed: `${what}: ${error}` });
  }
}

process.on("unhandledRejection", (error) => console.error("unhandled", error));
for await (const line of createInterface({ input: process.stdin })) void act(JSON.parse(line));
process.exit(0);
