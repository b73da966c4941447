# SPDX-License-Identifier: Apache-2.0
# Completion of wstap's command line for fish. Put it into a folder of $fish_complete_path as "wstap.fish".

set -l commands proxy inspect intercept rules ca echo
set -l actions path show export

complete -c wstap -f
complete -c wstap -s h -l help -d 'Show help'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -s V -l version -d 'Show the version'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -l config -r -F -d 'Read options from this file'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a proxy -d 'Record what goes between clients and servers'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a inspect -d 'Show what a capture holds'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a intercept -d 'Decide about held frames'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a rules -d 'Check a file of rules'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a ca -d 'Show or export the certificate authority'
complete -c wstap -n "not __fish_seen_subcommand_from $commands" -a echo -d 'Run a small WebSocket server'

# proxy: ways in
set -l proxy '__fish_seen_subcommand_from proxy'
complete -c wstap -n $proxy -l listen -x -d 'Listen on ADDR:PORT'
complete -c wstap -n $proxy -l reverse -x -d 'Be the server, in front of the one at URL'
complete -c wstap -n $proxy -l allow-remote -d 'Listen on addresses that other machines reach'
complete -c wstap -n $proxy -l proxy-auth -x -d 'USER:PASSWORD, or @FILE that holds it'
complete -c wstap -n $proxy -l detect-timeout -x -d 'Relay a tunnel unread that is silent for so long'
complete -c wstap -n $proxy -l bridge -d 'Translate between HTTP/1 and HTTP/2'
complete -c wstap -n $proxy -l lenient-heads -d 'Pass on ambiguous HTTP heads'
complete -c wstap -n $proxy -l workers -x -d 'Threads that serve connections'
complete -c wstap -n $proxy -l ready-file -r -F -d 'Write addresses and process id here'
# proxy: TLS
complete -c wstap -n $proxy -l ca-cert -r -F -d 'Use this authority: certificate'
complete -c wstap -n $proxy -l ca-key -r -F -d '... and its private key'
complete -c wstap -n $proxy -l upstream-ca -r -F -d 'Trust the authorities in this file'
complete -c wstap -n $proxy -s k -l insecure -d 'Accept whatever certificate a server shows'
complete -c wstap -n $proxy -l keylog -r -F -d 'Add the TLS secrets of both legs to this file'
# proxy: frames and flows
complete -c wstap -n $proxy -l forward -x -a 'reencode verbatim' -d 'How frames are passed on'
complete -c wstap -n $proxy -l on-anomaly -x -a 'pass close' -d 'What to do with forbidden frames'
complete -c wstap -n $proxy -l max-frame -x -d 'Largest payload of one frame'
complete -c wstap -n $proxy -l max-message -x -d 'Largest payload of one message'
complete -c wstap -n $proxy -l on-message-limit -x -a 'mark close' -d 'What to do with larger messages'
complete -c wstap -n $proxy -l close-timeout -x -d 'How long it may stay open after a Close'
complete -c wstap -n $proxy -l idle-timeout -x -d 'End flows that are silent for so long'
# proxy: payloads and changes
complete -c wstap -n $proxy -l inflate -x -a 'auto always never' -d 'When compressed messages are inflated'
complete -c wstap -n $proxy -l inflate-work -x -d 'Bytes inflated of one message'
complete -c wstap -n $proxy -l rules -r -F -d 'Change frames and messages as this file says'
complete -c wstap -n $proxy -l max-wait -x -d 'How long fragments wait for the rest of their message'
complete -c wstap -n $proxy -l drop-open -x -a 'truncate close' -d 'What becomes of a dropped message that has left in part'
complete -c wstap -n $proxy -l force-edit -d 'Change frames also under unknown extensions'
# proxy: frames that wait for a decision
complete -c wstap -n $proxy -l hold -x -d 'Hold frames that this picks'
complete -c wstap -n $proxy -l hold-timeout -x -d 'How long frames are held at most'
complete -c wstap -n $proxy -l hold-on-timeout -x -a 'release drop' -d 'What becomes of frames that nobody decided about'
complete -c wstap -n $proxy -l hold-capacity -x -d 'Frames that wait at a time'
complete -c wstap -n $proxy -l hold-bytes -x -d 'Memory that they take'
complete -c wstap -n $proxy -l hold-on-full -x -a 'wait release drop' -d 'What becomes of frames beyond that'
complete -c wstap -n $proxy -l hold-control -x -a 'overtake wait' -d 'Whether Pings and Pongs overtake'
complete -c wstap -n $proxy -l hold-keepalive -x -d 'Time between Pings to the server meanwhile'
complete -c wstap -n $proxy -l hold-keepalive-client -x -d 'Time between Pings to the client meanwhile'
complete -c wstap -n $proxy -l control -r -F -d 'Socket for wstap intercept'
# proxy: limits
complete -c wstap -n $proxy -l max-connections -x -d 'Client connections at a time'
complete -c wstap -n $proxy -l dial-timeout -x -d 'For a connection to a server'
complete -c wstap -n $proxy -l handshake-timeout -x -d 'For each step before a flow is open'
complete -c wstap -n $proxy -l max-head -x -d 'Largest HTTP head'
complete -c wstap -n $proxy -l max-headers -x -d 'Header fields in one HTTP head'
complete -c wstap -n $proxy -l max-buffered -x -d 'Bytes in the buffers of all connections'
# proxy: capture
complete -c wstap -n $proxy -s w -l write -r -F -d 'Record every frame here'
complete -c wstap -n $proxy -l force -d 'Overwrite that file'
complete -c wstap -n $proxy -l on-capture-error -x -a 'stop pass' -d 'What to do when recording fails'
complete -c wstap -n $proxy -l fsync -x -a 'never interval always' -d 'When the disk confirms records'
complete -c wstap -n $proxy -l max-recorded-payload -x -d 'Record no more of each payload'
complete -c wstap -n $proxy -l rotate-size -x -d 'Begin another part after so many bytes'
complete -c wstap -n $proxy -l rotate-time -x -d 'Begin another part after so long'
# proxy: output
complete -c wstap -n $proxy -l print -d 'Print frames'
complete -c wstap -n $proxy -l no-print -d 'Do not print frames'
complete -c wstap -n $proxy -l json -d 'Print frames as JSON Lines'

# inspect
set -l inspect '__fish_seen_subcommand_from inspect'
complete -c wstap -n $inspect -F
complete -c wstap -n $inspect -l flows -d 'List flows and connections'
complete -c wstap -n $inspect -l messages -d 'List messages'
complete -c wstap -n $inspect -l lint -d 'List what the RFCs forbid'
complete -c wstap -n $inspect -l rules -r -F -d 'List what these rules would have done'
complete -c wstap -n $inspect -l by-rule -d 'How often each rule would have done something'
complete -c wstap -n $inspect -s Y -l filter -x -d 'Only what this expression picks'
complete -c wstap -n $inspect -l frame -x -d 'Show this frame only: FLOW:SEQ'
complete -c wstap -n $inspect -l count -d 'Print how many there are'
complete -c wstap -n $inspect -l format -x -a 'text raw structured json jsonl' -d 'How to show it'
complete -c wstap -n $inspect -l raw -d 'Header and payload as bytes'
complete -c wstap -n $inspect -l structured -d 'Every field, one a line'
complete -c wstap -n $inspect -l json -d 'JSON Lines'
complete -c wstap -n $inspect -s e -l fields -x -d 'These fields as columns'
complete -c wstap -n $inspect -l list-fields -d 'List the fields of filters and columns'
complete -c wstap -n $inspect -l follow -d 'At the end wait for what is still written'
complete -c wstap -n $inspect -s w -l write -r -F -d 'Write a new capture instead of a listing'
complete -c wstap -n $inspect -l repair -r -F -d 'Copy all records before the damage to this file'
complete -c wstap -n $inspect -l force -d 'Overwrite that file'

# intercept
set -l intercept '__fish_seen_subcommand_from intercept'
set -l reviews list show release drop modify inject watch flows rules stats
complete -c wstap -n $intercept -l control -r -F -d "The proxy's control socket"
complete -c wstap -n $intercept -l name -x -d 'By which other reviewers know this one'
complete -c wstap -n $intercept -l jsonl -d 'Held items out, decisions in'
complete -c wstap -n $intercept -l exec -x -d 'Run this for each held item'
complete -c wstap -n $intercept -l exec-timeout -x -d 'End it after so long'
complete -c wstap -n $intercept -l jobs -x -d 'So many run at a time'
set -l fresh "$intercept; and not __fish_seen_subcommand_from $reviews"
complete -c wstap -n $fresh -a list -d 'Print what is held'
complete -c wstap -n $fresh -a show -d 'Print one held item in full'
complete -c wstap -n $fresh -a release -d 'Let items go on as they are'
complete -c wstap -n $fresh -a drop -d 'Take items out'
complete -c wstap -n $fresh -a modify -d 'Let an item go on changed'
complete -c wstap -n $fresh -a inject -d 'Put a frame among those of a flow'
complete -c wstap -n $fresh -a watch -d 'Print items as they come'
complete -c wstap -n $fresh -a flows -d 'Print the flows that are open'
complete -c wstap -n $fresh -a rules -d 'Print the rules in force'
complete -c wstap -n $fresh -a stats -d "Print the proxy's counters"
complete -c wstap -n "$intercept; and __fish_seen_subcommand_from list show watch flows rules stats" -l json -d 'JSON Lines'
complete -c wstap -n "$intercept; and __fish_seen_subcommand_from list" -s Y -l filter -x -d 'Only what this expression picks'
complete -c wstap -n "$intercept; and __fish_seen_subcommand_from show" -l raw -d 'Header and payload as bytes'
complete -c wstap -n "$intercept; and __fish_seen_subcommand_from release drop" -l all -d 'All that is held now'
complete -c wstap -n "$intercept; and __fish_seen_subcommand_from rules" -l reload -d 'Have the rules file read again first'
set -l modify "$intercept; and __fish_seen_subcommand_from modify"
set -l inject "$intercept; and __fish_seen_subcommand_from inject"
set -l content "$intercept; and __fish_seen_subcommand_from modify inject"
complete -c wstap -n $content -l text -x -d 'The payload'
complete -c wstap -n $content -l hex -x -d '... in hexadecimal'
complete -c wstap -n $content -l close-reason -x -d 'Reason of a Close'
complete -c wstap -n $modify -l body-file -r -F -d '... from this file'
complete -c wstap -n $modify -l opcode -x -a 'text binary continuation close ping pong' -d 'Make it a frame of this kind'
complete -c wstap -n $modify -l fin -d 'The last frame of its message'
complete -c wstap -n $modify -l no-fin -d 'More frames of its message follow'
complete -c wstap -n $modify -l close-code -x -d 'Code of a Close'
complete -c wstap -n $modify -l raw-file -r -F -d 'Send what this file holds in its place'
complete -c wstap -n $modify -l raw-hex -x -d 'Send these bytes in its place'
complete -c wstap -n $inject -l flow -x -d 'Among the frames of this flow'
complete -c wstap -n $inject -l to -x -a 'client server' -d 'Who is to get it'
complete -c wstap -n $inject -l binary -r -F -d '... from this file'
complete -c wstap -n $inject -l ping -d 'A Ping'
complete -c wstap -n $inject -l pong -d 'A Pong'
complete -c wstap -n $inject -l close -x -d 'A Close with this code'
complete -c wstap -n $inject -l after -x -d 'Behind this held item'

# rules
set -l rules '__fish_seen_subcommand_from rules; and not __fish_seen_subcommand_from intercept'
complete -c wstap -n "$rules; and not __fish_seen_subcommand_from check" -a check -d 'Say what is wrong with a rules file'
set -l check "$rules; and __fish_seen_subcommand_from check"
complete -c wstap -n $check -F
complete -c wstap -n $check -s q -l quiet -d 'Say nothing of a good file'

# ca
set -l ca '__fish_seen_subcommand_from ca'
complete -c wstap -n "$ca; and not __fish_seen_subcommand_from $actions" -a path -d "Print the certificate's file name"
complete -c wstap -n "$ca; and not __fish_seen_subcommand_from $actions" -a show -d 'Print subject, validity and fingerprint'
complete -c wstap -n "$ca; and not __fish_seen_subcommand_from $actions" -a export -d 'Write the certificate to standard output'
complete -c wstap -n $ca -l ca-cert -r -F -d 'Use this authority: certificate'
complete -c wstap -n $ca -l ca-key -r -F -d '... and its private key'
set -l export "$ca; and __fish_seen_subcommand_from export"
complete -c wstap -n $export -l format -x -a 'pem der p12' -d 'Form of the certificate'
complete -c wstap -n $export -l password -x -d 'Password of the p12 file'

# echo
set -l echo '__fish_seen_subcommand_from echo'
complete -c wstap -n $echo -l listen -x -d 'Listen on ADDR:PORT'
complete -c wstap -n $echo -l tls -d 'Serve wss'
complete -c wstap -n $echo -l name -x -d 'Host name in the certificate'
complete -c wstap -n $echo -l source -x -d 'Greet every client with so many messages'
complete -c wstap -n $echo -l size -x -d 'Length of each of them'
complete -c wstap -n $echo -l ready-file -r -F -d 'Write address and process id here'
complete -c wstap -n $echo -l ca-cert -r -F -d 'Use this authority: certificate'
complete -c wstap -n $echo -l ca-key -r -F -d '... and its private key'

# What several of them have
complete -c wstap -n '__fish_seen_subcommand_from proxy inspect' -l deflate -x -a 'on off send receive' -d 'Whose compressed messages are read inflated'
complete -c wstap -n '__fish_seen_subcommand_from proxy inspect intercept' -l color -x -a 'auto always never' -d 'Colours'
complete -c wstap -n '__fish_seen_subcommand_from proxy echo' -s v -l verbose -d 'Say what happens to each connection'
complete -c wstap -n '__fish_seen_subcommand_from proxy inspect echo' -s q -l quiet -d 'Say less on standard error'
complete -c wstap -n '__fish_seen_subcommand_from proxy echo' -l log-format -x -a 'text json' -d 'Form of the lines on standard error'
