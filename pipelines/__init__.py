"""Hear, take turns, think, speak: the bot, without knowing who carries its audio or its text.

    audio.py facts.py conversation.py answer.py     the central types
    voice.py turns.py endpoint.py                   is somebody speaking; is the turn over
    speech.py recognizer.py                         shared model workers; streaming Whisper
    sentences.py spoken.py synthesizer.py           words to speakable pieces to sound (Piper, own process)
    transport.py frontend.py voice_call.py          a pipecat pipeline over an `AudioPort`
    chat.py                                         the same agent, no pipeline
    agent/                                          understand, decide, act, say

Audio is the clock: everything is counted in 20 ms frames. A call is one function with one task group;
barge-in cancels the reply and keeps in the transcript only what was heard. The agent yields words and
facts (`answer.Piece`); the runner emits each fact, which stores it and folds it into the
`Conversation`, before it asks for the next: so an answer always sees its own effects, and a conversation
rebuilt from the log after a crash equals the lost one.

Models are shared by all calls and run in worker threads or processes; each result names its call.
"""
