"""Warm handoff: a live session moves to a person of ours, and back.

    AI_ACTIVE → SCREEN → QUEUED → OFFERED → BRIEFING → BRIDGING → HUMAN_ACTIVE → WRAP_UP → CLOSED
                   ↓        ↑        └ DIALLING → HUMAN_CHECK ┘        │ │
             ALTERNATIVES   └──────────────── RESCUE ← agent lost ─────┘ └→ hand back → AI_ACTIVE

`states` has the words, `machine` decides: a core with a table of transitions, a limit of time for every state
and an outcome for every end. Nothing else decides about a handoff: the model, the customer, a policy or a
supervisor only ask. `handoffs` carries out what it decides; queue, room, bot and desk do not know each other.

What always holds:
- One has the floor: the bot, one person, or nobody once the contact is over. It is given where words leave
  the gateway: the room for sound, `handoffs` for text.
- The customer is never without one of us: the bot keeps them until the person is connected, and has them
  again the moment that person is lost.
- Announcements are fixed sentences. A customer who interrupts one cancels nothing by that.
- An agent holds one lease; whoever says yes too late is told so, and nobody is left ringing.
- Every handoff ends with an outcome.
"""
