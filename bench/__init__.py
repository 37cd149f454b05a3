"""Figures of ours with the peers' beside them, measured in one run on one machine.

    python -m bench voice      a spoken turn, voice to voice, against stock pipecat and livekit-agents
    python -m bench stt        end of speech to final text, and word error rates
    python -m bench turns      false cut-offs, and noise and music that must start no turn
    python -m bench capacity   calls per core with stubbed models, WebRTC sessions, idle chats
    python -m bench overload   three times the calls these cores carry: running calls, and what others hear
    python -m bench sip        telephone calls: processor, lateness, delay and memory, against two peers
    python -m bench report     `docs/benchmarks.md` and its charts from `bench/results/*.json`

Every figure is the median of several runs, and is compared with a peer or a limit measured in the same run.
Peers live in virtual environments of their own, made under `build/bench/`; one that cannot be installed is
reported as missing. Raw results are kept in `bench/results/`.

    figures.py    what a result is, and the files it is kept in        report.py   pages and charts of results
    peers.py      environments of peers, and programs run in them      sound.py    recordings, noise, loudness
    chart.py      bars for the page                                    clips.py    recordings with transcripts
    wer.py        word error rate

What a benchmark is made of bears its name (`voice_*.py`, `stt_*.py`, `sip_*.py` …), but for these:

    hearing.py                     of `turns` and `stt`: a call's ears and nobody to answer
    utterances.py hold_music.py    of `turns`: what callers say, and what no caller says
    scripted_model.py              of `voice`: a model that costs nothing
"""
