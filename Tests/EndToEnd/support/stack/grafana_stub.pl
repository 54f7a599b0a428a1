# Stands where Grafana would: answers every request with 200, and says that it is a stub. Perl, since that is what the smallest
# Debian has.
use strict;
use warnings;
use IO::Socket;

$SIG{TERM} = sub { exit 0 };
my $listener = IO::Socket::INET->new(LocalPort => 3000, Listen => 16, ReuseAddr => 1) or die "port 3000: $!";
my $body = qq({"database": "ok", "version": "stub", "message": "not Grafana: a stub of the tests"}\n);
while (1) {
    my $client = $listener->accept or next;
    while (my $line = <$client>) { last if $line =~ /^\r?\n/; }
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
    close $client;
}
