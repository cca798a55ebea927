Console.Error.WriteLine("This package feed does not carry Aspire: start the system with ./start.sh instead, or restore with UseAspire=true on a feed that has it.");
return 1;
