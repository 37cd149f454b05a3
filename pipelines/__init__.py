"""Hear, take turns, think, speak: the bot, without knowing who carries its audio or its text.

    audio.py facts.py conversation.py answer.py     the central types
    samples.py resampler.py                         sound as numbers; a stream at another sample rate
    voice.py silero.py endpoint.py                  is somebody speaking; does it sound finished
    turns.py turn_actions.py                        whose turn is it, and what follows from that
    turn_times.py reading.py                        how long to wait; do the words read finished
    echo.py other_machine.py                        our own voice come back; another machine at the other end
    answering_machine.py pickup.py                  who took a call that we placed
    keypad.py secret.py                             telephone keys as turns; digits that are kept nowhere
    recognizer.py transcript.py                     streaming recognition over short windows
    whisper.py moonshine.py                         its two engines
    spectrogram.py                                  sound as Whisper and smart-turn see it
    sentences.py spoken.py heard.py                 words to speakable pieces; which of them were heard
    synthesizer.py piper_process.py piper_wire.py   Piper, in a process of its own
    learning.py phrases.py                          what is known by heart
    speech.py voice_models.py                       shared model workers; everything loaded once
    draft.py preparation.py                         a reply begun before the turn is over; what precedes it
    transport.py frontend.py bot.py reply.py        a pipecat pipeline over an `AudioPort`: ends, ears, mouth
    voice_call.py services.py processor.py          one call; pipecat's services; how we stand in a pipeline
    chat.py                                         the same agent, no pipeline
    briefing.py briefing_*.py disclosure.py         what a person who takes over is told, by their role
    sentiment.py language.py promises.py            what rules read from words
    escalation.py wrap_up.py                        when a person is needed; what is written down afterwards
    advisor.py suggestions.py                       the bot beside a person who talks with the customer
    agent/                                          understand, decide, act, say

Audio is the clock: everything is counted in 20 ms frames. A call is one function with one task group;
barge-in cancels the reply and keeps in the transcript only what was heard. The agent yields words and
facts (`answer.Piece`); the runner emits each fact, which stores it and folds it into the
`Conversation`, before it asks for the next: so an answer always sees its own effects, and a conversation
rebuilt from the log after a crash equals the lost one.

Models are shared by all calls and run in workers; each result names its call.
"""
