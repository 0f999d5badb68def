// What stands inside cards that are closed at first, the microphone and the avatar. Built into a
// file of its own, so that the page is there sooner; `fetch_later.ts` fetches it.
export { default as Avatar } from "./cards/avatar/Avatar.svelte";
export { default as ChatBody } from "./cards/chat/ChatBody.svelte";
export { default as FloorBody } from "./cards/floor/FloorBody.svelte";
export { default as Microphone } from "./cards/microphone/Microphone.svelte";
export { default as MutePill } from "./cards/microphone/MutePill.svelte";
export { default as MemoryBody } from "./cards/memory/MemoryBody.svelte";
