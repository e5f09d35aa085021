"""What mail systems say when they give a mail back, as patterns. Pure data.

In: nothing. Out: one pattern a meaning, for texts in lower case without accents,
addresses, links and codes (`bounces.plain_words`).

Words are those of Postfix, Exim, sendmail, qmail, Exchange and the large providers, in
the languages their servers speak: English first; German, French, Dutch, Spanish,
Italian, Portuguese, Polish, Czech, Hungarian, Nordic, Turkish, Russian, Arabic,
Japanese, Chinese and Korean for what is most often said.
"""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


#: Within one sentence.
_SOON = r"[^.;!?|]{0,40}"
_NEAR = r"[^.;!?|]{0,80}"

#: What may be the matter of a group or of how we write to it, never of one address;
#: and what a mailbox takes too much of, from all senders together.
NOT_THE_ADDRESS = _any(
    r"google groups|googlegroups",
    r"receiving (e-?mail|mail|messages) (at a rate|too)",
    # Delivered into a program or a file that failed.
    r"failed to read|unable to (create|open|write|lock)|can ?not (create|open|write)",
    r"no such file|\b(domain|account|group|address) may not exist",
)

#: Our rate and quota.
_RATE = (
    r"too many (smtp |concurrent |simultaneous |open |unwanted |bad |invalid |unknown |"
    r"different )?"
    r"(connection|message|recipient|session|e-?mail|mail|command|error|attempt|sender)",
    r"throttl|rate.?limit|slow(ing)? down|concurren|unusual (rate|traffic|volume)",
    rf"(high|unexpected|large|excessive) {_SOON}volume|volume of (mail|message|"
    rf"e-?mail)",
    rf"\b(hourly|daily|monthly|outgoing|outbound|sending|relay(ing)?|message|sender|"
    rf"connection|traffic) (user )?(sending )?(rate|limit|quota|threshold){_SOON}"
    r"(exceed|reach|hit|over)|reached (your|the|its) [^.;]{0,20}(limit|quota)",
    rf"exceed{_SOON}\b(per (hour|day|minute|second|connection|session)|"
    rf"(hourly|daily|sending|messages?|recipients?|connections?|rate|e-?mails?) "
    r"(rate|limit|quota|allow|per))",
    r"max(imum)?( number of)? (e-?mails|messages|recipients|connections|defers)",
    rf"sen[dt]{_SOON}too many|too many{_SOON}(this|per|in the last|in an?) "
    r"(hour|day|minute|connection|session)|frequency limit",
    r"(quota|limite) (de|d'|di) (envio|envios|envois?|invio)",
)

#: Who we are: name, address, signature, reputation.
_IDENTITY = (
    r"\b(spf|dkim|dmarc|domainkeys|arc)\b|sender[ -]?id\b|sender policy",
    r"\bnot authenticated|unauthenticated|un-?authori[sz]ed (sender|host|relay|"
    r"e-?mail)",
    rf"authenticat{_SOON}(fail|require|missing|pass|information|check|result|disabled|"
    r"enabled|first|before|needed)",
    rf"(without|turn on|requires?|must|need|use|no|smtp) {_SOON}\bauth(entication)?\b",
    r"black ?-?list|block ?-?list|deny ?-?list|\b(rbl|dnsbl|dbl|sbl|xbl|pbl|surbl|"
    r"spamhaus|spamcop|sorbs|uceprotect|senderbase|cloudmark|invaluement)\b",
    r"reputation|blocked (using|by|due|for|from|because)|"
    r"(?<!not )\blisted (in|on|at|by)\b|\bbanned\b(?! (user|recipient))",
    rf"\b(ip|client|isp|(sending|remote) (host|server|mta))('s)?( address(es)?)?\b"
    rf"{_SOON}"
    r"(block|bann|black|listed|reject|refused (by|due|for)|not allowed|denied|abus|"
    r"not found)",
    rf"\b(host|server|network|provider)\b{_SOON}(blocked|bann|black|(?<!not )listed|"
    rf"abus|not allowed)",
    r"mismatch|reverse (dns|lookup|hostname|host name|address)|\b(ptr|rdns|fcrdns)\b|"
    r"reverse.?path|(ip|client|reverse) name lookup failed|"
    r"unverif\w{0,20} (send|ip|host|client|dom)|"
    rf"(cannot|could not|can't) (find|resolve|verify){_SOON}"
    r"\b(your|client|reverse|ip|helo|sender)|invalid dns",
    r"\b(helo|ehlo)\b|invalid domain name(?! in rec)|my name was rejected",
    r"\byour (e-?mail |mail )?"
    r"(ip|isp|server|host|network|provider|domain|account|system|client)\b",
    r"(message|mail)s? from (your |this )?(ip |host |address )?\[?\(ip\)",
    r"\binvalid ip\b|\bip (\(ip\) |address )?for (sending|mail)",
    rf"(message|mail)s? from {_NEAR}(were|was)n[o']t (sent|delivered|accepted)",
    r"\bip=|\bbl\)|access denied\.? (ip|bad|for|from)",
)

#: The sender's address, and whether it may write there.
_SENDER = (
    rf"\b(sender|originator|return.?path|reply.?to|envelope.?from|mail.?from|"
    rf"from (address|header|domain)|(sending|outbound|outgoing) (account|service|mail)"
    rf"){_SOON}"
    r"(reject|denied|refus|invalid|unknown|not (found|exist|allowed|accept|verif|"
    r"valid|permit|match|known|authori|own)|does ?n|do(es)? not|could|cannot|can't|"
    r"verif|block|unrout|unresolv|mis-?config|null|blank|empty|suspend|disab|lock)",
    r"(invalid|unknown|bad|unrout\w{0,20}|unresolv\w{0,20}|rejected?|refused|forged|"
    r"null|verify|blocked|blank|illegal) (the |envelope |this |your )?"
    r"(sender|originator|from\b|mail.?from|return.?path)",
    r"domain of sender|sender'?s? (domain|address)|senders? (are |is )?not",
    r"not (permitted|allowed|authori[sz]ed|able|have permission|accepting)"
    rf"{_SOON}\b(send|post|relay|submit|use|write|deliver|mail)",
    rf"permission{_SOON}(send|post)|only accepts? {_SOON}(from|sender)|"
    r"restricted to|resolver\.rst\.(notauth|auth|sendersize)|delivery restriction",
    r"\brelay(ing)?\b(?! (recipient|domain))|\bno local delivery",
    r"(absender|expediteur|mittente|remitente|remetente|afzender)[^.;!?|]{0,40}"
    r"(abgelehnt|ungultig|unbekannt|blockiert|nicht|refuse|invalide|inconnu|rejete|"
    r"rifiutato|sconosciuto|non |rechazad|desconocid|no |rejeitad|nao |geweigerd|"
    r"onbekend|ongeldig|geblokkeerd)",
)

#: The message itself: size, form, virus. Strong enough to come before the address.
_MESSAGE = (
    r"(message|mail|e-?mail|attachment) (size|is too|too) ?(big|large|long|limit|"
    r"exceed)?",
    rf"(message|mail|e-?mail) {_SOON}(exceeds?|larger than){_SOON}(size|limit|maximum)",
    r"(exceeds?|exceeded|over) (the |its |our |fixed )?"
    r"(maximum |max |fixed |allowed )?(message|mail|e-?mail|attachment)\b|"
    r"maximum (message|mail|allowed) size|recipsizelimit|"
    r"^[^.;]{0,4}(mail |message )?size limit exceeded",
    r"\bvirus|malware|infected|phish|\btrojan|malicious",
    r"multiple (addresses|from|subject|headers)|\brfc ?-?\d{3,4}|not rfc|"
    r"(header|mime|smtp|protocol|syntax) (error|violation|fault)|protocol violation|"
    r"bare (lf|cr|linefeed)|line (is )?too long|8.?bit|smtputf8",
)

ABOUT_SENDER = _any(*_RATE, *_IDENTITY, *_SENDER, *_MESSAGE)

#: The mailbox has no room.
FULL = _any(
    rf"\b(mail ?-?box|inbox|mailfolder|mail folder|folder|account|user|recipient|"
    rf"maildir|storage|disk|disc|quota|mail ?drop|space){_SOON}"
    r"\b(full|over ?quota|overdrawn|exceed\w{0,20}|limit|no space|insufficient)\b",
    r"over (the |its |their |his |disk |storage |mailbox ){0,3}(quota|limit)|"
    r"over-?quota|overquota|\bquota\b",
    rf"exceed\w{{0,20}} {_SOON}(storage|mailbox|space|disk|allocation|allowed)",
    rf"\b(not enough|insufficient|no|lack of|out of) {_SOON}(space|storage|room|"
    rf"disk)\b",
    r"\bfull (mail ?-?box|inbox)|mail ?box size|has no space|too much mail",
    # German, Dutch, French, Spanish, Italian, Portuguese.
    rf"(postfach|mailbox|postbox|speicher|kontingent){_SOON}(voll|erschopft|"
    rf"uberschr)",
    rf"(postvak|mailbox|brievenbus|opslag){_SOON}\b(vol|overschreden)\b",
    rf"(boite|messagerie|espace|stockage){_SOON}(plein|satur|depass|insuffisant)",
    rf"(buzon|casilla|cuenta|espacio|almacen|cuota){_SOON}"
    r"(llen|exced|insuficiente)",
    rf"(casella|spazio|cassetta|posta){_SOON}(pien|esaurit|superat|insufficiente)",
    rf"(caixa|espaco|conta|cota){_SOON}(chei|lotad|exced|insuficiente)",
    rf"(skrzynk|schrank|postiok){_SOON}(pelna|przepeln|pln|megtelt)",
    # Russian, Arabic, Japanese, Chinese, Korean.
    r"(ящик|квот)[^.;]{0,40}(переполн|заполнен|превыш)|переполнен|"
    r"превышен\w{0,20} квот",
    r"(صندوق|علبة)[^.؛]{0,40}(ممتل|مملو)|تجاوز[^.]{0,20}(الحصة|المساحة)",
    r"メールボックス[^。]{0,20}(一杯|いっぱい|満杯|容量|支障)|容量[^。]{0,20}(超|不足|"
    r"オーバー)",
    r"(邮箱|信箱|空间|容量|郵箱)[^。]{0,12}(已满|满了|不足|超|已滿)|"
    r"용량[^.]{0,12}(초과|부족)",
)

#: What may be otherwise tomorrow: their server, the network, names.
PASSING = _any(
    r"\btemporar(y|ily)|transient|\btempfail|try (it |sending )?(again )?"
    r"(later|in|after)|(not found|please|and)[,;]? (re)?try again(?! later)?$|"
    r"host not found,? try again|please (re)?try (again )?(later|in)|retry (later|in)|"
    r"come back later|at (a )?later( time)?",
    r"time[d]?[ -]?out|retry time|(message|mail|delivery|queue|time|timer|retry|"
    r"lifetime|ttl)[ .](has |was |is |limit )?expired|"
    r"in (the )?queue (for )?too long|"
    r"(could not|unable to|not|was not) be(en)? delivered (for|within|after) |"
    r"delivered within|failed \d{1,5} attempts|too long in (the )?queue|"
    r"giving up after",
    r"(connection|session|connect\w{0,20}) (was |is |has been |attempt )?"
    r"(refused|reset|lost|closed|dropped|failed|rejected|aborted|died|broken)|"
    r"(couldn't|could not|unable to|cannot|can not|can't|failed to|"
    r"not accept\w{0,20} our requests? to) (establish |open |make |create )?"
    r"(an? |smtp ){0,3}"
    r"(connect|contact|reach|talk|establish|communicat|lookup|look up)",
    r"no route to|network (is )?(unreachable|error|down|problem)|host (is )?"
    r"(unreachable|down|not reachable|not responding)|not respon|no (response|answer)|"
    r"(is|was|host|server) unreachable|unreachable",
    r"gr[ae]y ?-?list|deferred|\bbusy\b|overload|high load|load average|"
    r"resources|insufficient system|"
    r"(service|server) (is )?(currently |temporarily )(not |un)? ?available|"
    r"operating system|internal (server )?error|local (error|problem)|queue file|"
    r"configuration (error|problem)|local configuration|mailer error",
    r"unverified address|name ?server reply|malformed (or|address)|"
    r"incorrectly constructed",
    r"\b(mail )?loop|hop count|too many hops|maximum allowed times|loops back|"
    r"looping|duplicat\w{0,20} message",
    r"name ?server (error|fail|timeout|problem)|dns (timeout|time|temporar|"
    r"server failure)|servfail|lookup (timed|failure)|soft(ware)? error",
    r"\bon hold\b|(starttls|\btls\b|\bssl\b)",
    # German, Dutch, French, Spanish, Italian, Portuguese.
    r"vorubergehend|spater (erneut|noch ?mal|wieder)|zeituberschreitung|uberlastet",
    r"tijdelijk|probeer (het )?(later|opnieuw)|later opnieuw",
    r"temporaire|essayer plus tard|reessay|ulterieurement|delai (d'attente )?depasse",
    r"temporal(mente)?\b|mas tarde|intente (de nuevo|mas)|tiempo de espera",
    r"temporane|riprova|piu tardi|mais tarde|tente (novamente|mais)",
    r"tymczasow|pozniej|docasn|pozdeji|tillfallig|midlertidig|gecici",
    r"временн|позже|попозже|مؤقت|لاحقا|一時的|しばらく|暂时|稍后|稍後|일시적",
)

#: The domain does not exist, or takes no mail.
ABOUT_DOMAIN = _any(
    r"(host( or domain)?( name)?|domain( name)?|mail ?server|server name|site)s?\b"
    rf"(?! (blocked|rejected)){_SOON}"
    r"(unknown|not found|not (be )?(found|resolv|exist)|does ?n[o']t exist|"
    r"does not exist|couldn't be found|non.?exist|cannot be (found|resolved)|"
    r"can't be found|not known|is invalid|no longer exist|is wrong)",
    r"\b(no such|unknown|invalid|bad|illegal|non-?existent|(unrout|unresolv)\w{1,20})"
    r"( \w{1,20})? (host|domain|mail domain|site|destination( host| domain)?)\b",
    r"nxdomain|no relevant answers|name (or service )?not known|unrouteable|unroutable",
    r"\bno (valid )?(mx|mail exchanger|mail server|dns|a record)|nullmx|null mx|"
    r"couldn't find (a |any )?(mail exchanger|host|address)|mx records? "
    r"(point|not found|does|do)|mail exchanger (or|not)",
    r"no smtp service|no (mail|email) service",
    rf"(domain|host) (does|do|did|will|is)(n't| not| never)? {_SOON}"
    r"(accept|receive|handle|take) (any )?(e-?mail|mail)",
    r"not (a |our )?(local|hosted) (domain|host)|we do not (host|serve|"
    r"accept mail for)",
    rf"(domane|domain|rechner){_SOON}(unbekannt|nicht gefunden|existiert nicht)",
    rf"(domaine|domein|dominio){_SOON}(inconnu|introuvable|n'existe|inexist|onbekend|"
    r"bestaat niet|niet gevonden|no (existe|encontrad)|non (esiste|trovat)|nao (exist|"
    r"encontrad)|desconhecid|desconocid|sconosciut)",
    r"домен[^.;]{0,40}(не найден|не существ)|ドメイン[^。]{0,20}(見つかり|存在し)|"
    r"域名[^。]{0,12}(不存在|无法)",
)

_PERSON = (
    r"\b(user(name)?|recipient|mail ?-?box|inbox|(e-?mail |mail |destination |to |"
    r"rcpt |forward.?path |local )?address(ee)?|account|person|customer|subscriber|"
    r"alias|maildrop|mail ?user|local ?part|employee|destination)"
    r"(s|\(s\)|es)?('s)?\b"
)
_GONE = (
    r"\b(unknown|not (be )?(been )?(found|exist|known|recogni[sz]ed|listed|valid|"
    r"registered|a valid|our|active|activated|available|here|permitted to receive|"
    r"accepting|able to receive|authori[sz]ed to receive|in (the |our )?(directory|"
    r"table|list|domino|database|system))|"
    r"does ?n'?t exist|does not exist|doesnt exist|do not exist|is not known|isn't|"
    r"couldn't be found|wasn't found|can't be found|could not be (found|located|"
    r"resolved)|cannot be (found|located)|no longer|non-?exist|in?exist\w|invalid|"
    r"unavailable|disabled|inactive|deactivated|suspended|terminated|"
    r"cancell?ed|discontinued|retired|expired|frozen|never logged|dormant|"
    r"abandoned|obsolete|incorrect|refused due to|"
    r"unroutable|unrouteable)"
)
#: Words that a message may be, too: right behind the person only.
_CLOSED = (
    r"(is |was |are |has been |have been |has |been ){0,3}"
    r"(blocked|closed|deleted|removed|"
    r"locked|moved|left|bad|wrong|undeliverable|ceased|wiped)\b"
)


#: This one address: unknown, moved, closed, or its person refuses us.
ABOUT_PERSON = _any(
    rf"{_PERSON}{_SOON}{_GONE}",
    rf"{_PERSON} {_CLOSED}",
    # Of an address in brackets or alone, in front or behind.
    rf"\(@\)\W{{0,4}}((is|was|are|has been) )?(an? )?{_GONE}",
    rf"\b(no such|unknown|invalid|bad|non-?existent|inactive|disabled|unrecogni[sz]ed|"
    rf"undeliverable|illegal|no valid|not an? (valid|known|active)|nonexist\w{{0,20}}|"
    rf"deactivated|suspended|expired|closed|incorrect|wrong|no( mail)?) "
    r"(\w{1,20} )?(local )?"
    rf"{_PERSON}",
    r"\b(there is|there's|we have|have|has|found) no (\w{1,20} )?(user|account|"
    r"mail ?box|person|such|one|record|address)|no (one|body) (here )?(by|with|of) "
    r"(that|this|the) name|no \w{0,20} ?here by that name|nobody (here|of|by)|"
    r"(doesn't|does not|do not|don't) have (an? )?[^;!?|]{0,40}\b(account|"
    r"mail ?box|user)\b",
    r"(recipient|address|user) (address )?(rejected:?|denied:?|refused:?) "
    r"(access denied|undeliverable|invalid|unknown|not (found|known|valid|exist)|"
    r"no such|user)",
    r"no longer (on|at|with|in|a |work|valid|employ|exist|avail|active|in use|accept|"
    r"uses?|monitored)|has left( the)?|not (employ|work)\w{0,20} here|user has moved|"
    r"(has|have|was|user|person|recipient) moved to|"
    r"(e-?mail )?address (has )?(been )?changed|"
    r"please (update|use) (the |my |our |this |his |her |their )?(new|following|other|"
    r"e-?mail|address)",
    r"recipient preferences|refused by (the )?(recipient|user|addressee)|(recipient|"
    r"user|addressee|customer) (has |does not |doesn't |do not )?(want|opted|blocked|"
    r"refus|unsubscrib)",
    r"\b(user|recipient|mailbox) (is )?not local|not (a |in )?(local|our|valid) (user|"
    r"recipient|mail ?box|address|customer)|"
    r"delivery to (this|the) (user|address|account) is|not our customer|"
    r"unknown name\b(?! server)|no (valid|local|such|deliverable|verified) (recipient|"
    r"mailbox|user|person)s?",
    r"(unknown|not (listed|found)) in (\w{1,20} ){0,3}(table|directory|"
    r"database|domino|address book)|adr(ess)?[_ ]?not|addr not found|unknown local",
    r"recipnotfound|recipientnotfound|resolver\.adr|ex(change)?recip",
    # German.
    r"(empfanger|benutzer|adresse|postfach|mailbox|konto|account|nutzer|teilnehmer|"
    r"anwender)[^.;!?|]{0,60}(unbekannt|nicht (gefunden|bekannt|vorhanden|mehr|im |"
    r"existent|erreichbar|verfugbar|gultig|aktiv|zustellbar)|existiert|ungultig|"
    r"deaktiviert|gesperrt|geschlossen|geloscht|abgemeldet|stillgelegt)",
    r"(unbekannte[rs]?|ungultige[rs]?|kein(en?)?|falsche[rs]?) (solche[rns]? )?"
    r"(empfanger|benutzer|adresse|postfach|konto|nutzer)",
    # Dutch.
    r"(gebruiker|ontvanger|adres|mailbox|postvak|account|geadresseerde)"
    r"[^.;!?|]{0,60}(onbekend|bestaat niet|niet (gevonden|bekend|meer|geldig|"
    r"bereikbaar)|"
    r"ongeldig|opgeheven|geblokkeerd|uitgeschakeld|gedeactiveerd|verwijderd|"
    r"afgesloten)",
    r"(onbekende|ongeldige?|geen|onjuiste?) (zo'?n |dergelijke )?(gebruiker|ontvanger|"
    r"adres|e-?mailadres|mailbox|postvak)",
    # French.
    r"(destinataire|adresse|utilisateur|compte|boite|abonne|usager|bal)"
    r"[^.;!?|]{0,70}(inconnu|invalide|introuvable|n'existe|inexistant|desactive|bloque|"
    r"clos|ferme|suspendu|supprime|inactif|incorrect|pas (valide|trouve|connu)|"
    r"non (trouve|valide|attribue)|resilie)",
    r"(aucun|mauvais|pas d) ?(e|')?( tel(le)?)? (utilisateur|destinataire|compte|boite|"
    r"adresse)",
    # Spanish, Portuguese, Italian.
    r"(usuario|destinatario|direccion|cuenta|buzon|casilla)[^.;!?|]{0,60}"
    r"(desconocid|no (existe|encontrad|se (ha )?enc(o|ue)ntr|valid|disponible|"
    r"es valid)|"
    r"inexistente|invalid|desactivad|deshabilitad|inactiv|suspendid|cancelad|bloquead|"
    r"incorrect|cerrad)",
    r"(usuario|destinatario|endereco|conta|caixa( postal)?)[^.;!?|]{0,60}"
    r"(desconhecid|nao (existe|encontrad|e valid|disponivel|foi (possivel )?(local|"
    r"enc))|"
    r"inexistente|invalid|desativad|inativ|suspens|cancelad|bloquead|incorret|"
    r"encerrad)",
    r"(utente|destinatario|indirizzo|casella|account|cassetta)[^.;!?|]{0,60}"
    r"(sconosciut|inesistent|non (esiste|trovat|valid|attiv|disponibil|e valid)|"
    r"disabilitat|disattivat|inattiv|sospes|errat|cessat|chius|bloccat)",
    # Polish, Czech, Hungarian, Nordic, Finnish, Turkish.
    r"(uzytkownik|adresat|adres|skrzynk|odbiorc|konto)[^.;!?|]{0,60}(nie istnieje|"
    r"nieznan|nie znalezion|nieaktywn|zablokowan|nieprawidlow|wylaczon)|nieznany "
    r"(uzytkownik|odbiorca|adresat)",
    r"(uzivatel|adresa|schrank|prijemce)[^.;!?|]{0,60}(neexist|neznam|nenalezen|"
    r"neplatn)|(felhasznalo|cim(zett)?|postafiok)[^.;!?|]{0,60}(nem letez|"
    r"ismeretlen|"
    r"nem talal|ervenytelen)",
    r"(anvandare|mottagare|adress|bruger|modtager|bruker|mottaker|konto)"
    r"[^.;!?|]{0,60}(okand|ukendt|ukjent|finns inte|findes ikke|finnes ikke|"
    r"existerar inte|eksisterer ikke|ogiltig|ugyldig|sparrad|sperret)|(okand|ukendt|"
    r"ukjent) (anvandare|mottagare|bruger|modtager|bruker|mottaker)",
    r"(kayttaja|vastaanottaja|osoite)[^.;!?|]{0,60}(tuntematon|ei loydy|ei ole)|"
    r"(kullanici|alici|adres|hesap|posta kutusu)[^.;!?|]{0,60}(bulunam|yok|gecersiz|"
    r"mevcut degil|kapali|devre disi)",
    # Russian and Ukrainian, Arabic, Japanese, Chinese, Korean, Vietnamese.
    r"(пользовател|ящик|адрес|получател|аккаунт|учетн|учётн|користувач|скринька)"
    r"[^.;!?]{0,60}(не найден|не существ|неизвест|заблокир|отключ|недоступ|удал[её]н|"
    r"неверн|не зарегистр|не знайден|не існу|не активн)|нет такого|неизвестный "
    r"(пользоват|получат|адрес)|такого (пользоват|адрес|ящик)\w{0,20} нет",
    r"(المستخدم|المستلم|العنوان|الحساب|عنوان|صندوق البريد|البريد)[^.؛!؟]{0,50}"
    r"(غير (موجود|صالح|معروف|نشط)|لا يوجد|معطل|مغلق|محظور)|مستخدم غير",
    r"(宛先|あて先|アドレス|ユーザ|受信者|メールボックス|アカウント|"
    r"ディレクトリ)[^。]{0,40}"
    r"(見つかりません|見つからない|存在し(ません|ない)|不明|無効|ありません|誤り|間違)",
    r"(用户|用戶|收件人|邮箱|郵箱|信箱|地址|帐号|账号|帐户|账户|帳號|收件者|"
    r"使用者)[^。]{0,20}"
    r"(不存在|无效|無效|未找到|找不到|禁用|停用|冻结|錯誤|错误|注销|不正确)",
    r"(사용자|수신자|주소|메일함|계정|편지함)[^.]{0,20}(존재하지|찾을 수 없|알 수 없|"
    r"없습니다|"
    r"유효하지|정지|휴면)|(nguoi dung|dia chi|tai khoan)[^.]{0,30}khong ton tai",
)

#: The message, or mail like ours: policies that no reader has made.
ABOUT_MESSAGE = _any(
    r"spam|unsolicited|\b(ube|uce)\b|\bjunk|bulk (mail|e-?mail)|suspicious|"
    r"suspected|abus(e|ive)",
    r"polic(y|ies)|prohibit|content (reject|filter|restrict|not|den)|message content|"
    r"contents? (of|has|was|is)|not accepted (for|due)|security (issue|risk|polic|"
    r"reason|violation)|filtered|attachment|disallowed|forbidden|not (accept|welcome)|"
    r"administrative|blocked|prohibition|unacceptable|violat",
    r"(message|mail|e-?mail|transaction|delivery) (was |has been |is |been )?"
    r"(refused|reject|denied|block)",
    r"richtlinie|abgelehnt|beleid|geweigerd|politique|rejete|politica|rechazad|"
    r"rifiutat|rejeitad|спам|политик|垃圾|스팸|スパム|迷惑メール",
)
